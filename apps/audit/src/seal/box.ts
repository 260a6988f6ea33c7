import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const cipher = 'aes-256-gcm';
const nonceLength = 12;
const tagLength = 16;
/** All keys: the masters, the persons' and the months'. */
export const keyLength = 32;

/**
 * AES-256-GCM: nonce ‖ ciphertext ‖ tag. `bound` is not in the box and must be given again to open it, so that no box opens in
 * the place of another. A key seals far fewer than the 2³² boxes that random nonces are good for: it is one person's, or a month's.
 */
export function sealed(plain: Buffer, key: Buffer, bound: string): Buffer {
  const nonce = randomBytes(nonceLength);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagLength }).setAAD(Buffer.from(bound, 'utf8'));
  return Buffer.concat([nonce, sealing.update(plain), sealing.final(), sealing.getAuthTag()]);
}

/** Undefined for what was not sealed under this key and bound to this. */
export function opened(box: Buffer, key: Buffer, bound: string): Buffer | undefined {
  if (box.length < nonceLength + tagLength) return undefined;
  const opening = createDecipheriv(cipher, key, box.subarray(0, nonceLength), { authTagLength: tagLength })
    .setAAD(Buffer.from(bound, 'utf8'))
    .setAuthTag(box.subarray(box.length - tagLength));
  try {
    return Buffer.concat([opening.update(box.subarray(nonceLength, box.length - tagLength)), opening.final()]);
  } catch {
    // GCM's only way to say that key, box and bound do not belong together.
    return undefined;
  }
}
