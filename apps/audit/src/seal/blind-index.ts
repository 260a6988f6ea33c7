import { createHmac } from 'node:crypto';

const tokenLength = 16;

/**
 * What a value is found by while it is sealed: equal values have equal tokens, and without the key nobody learns the value from
 * its token, however few values there are to try. 128 bits, so that no two of any number of addresses meet.
 */
export function blindToken(indexKey: Buffer, field: 'ip', value: string): Buffer {
  return createHmac('sha256', indexKey)
    .update(`billhook.audit.index.v1\0${field}\0${value}`)
    .digest()
    .subarray(0, tokenLength);
}
