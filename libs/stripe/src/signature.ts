import { createHmac, timingSafeEqual } from 'node:crypto';

export interface SignatureInput {
  /** The bytes as they came: text decoding would let a byte-order mark or a replaced byte pass. */
  rawBody: Buffer;
  /** The `Stripe-Signature` header; Node joins a repeated one with a comma and a space. */
  header: string | undefined;
  /** Several during a rotation. */
  secrets: readonly string[];
  now: Date;
  /** Stripe's own libraries use 300. They check only the past, and skip the check when it is 0; this one refuses to. */
  toleranceSeconds: number;
}

export type SignatureResult =
  { ok: true; signedAt: Date } | { ok: false; code: 'signature_missing' | 'signature_mismatch' | 'signature_expired' };

interface SignatureHeader {
  /** As it stands in the header, since that is what was signed. */
  timestamp: string;
  candidates: Buffer[];
}

/**
 * Whether a delivery was signed by Stripe (Stripe documentation, "Verify webhook signatures manually"). Any of the header's v1
 * signatures may match any of the secrets, in constant time. Expiry is told only to who knows the secret.
 */
export function verifySignature(input: SignatureInput): SignatureResult {
  const { rawBody, header, secrets, now, toleranceSeconds } = input;
  if (!(toleranceSeconds > 0)) throw new RangeError('toleranceSeconds must be positive');
  if (secrets.length === 0 || secrets.some((secret) => secret.trim() === '')) throw new RangeError('a secret is empty');
  if (header === undefined || header.trim() === '') return { ok: false, code: 'signature_missing' };
  const parsed = parseHeader(header);
  if (parsed === undefined) return { ok: false, code: 'signature_mismatch' };
  const expected = secrets.map((secret) => sign(secret, parsed.timestamp, rawBody));
  if (!hasMatch(expected, parsed.candidates)) return { ok: false, code: 'signature_mismatch' };
  const signedAt = Number(parsed.timestamp);
  const age = Math.floor(now.getTime() / 1000) - signedAt;
  if (Math.abs(age) > toleranceSeconds) return { ok: false, code: 'signature_expired' };
  return { ok: true, signedAt: new Date(signedAt * 1000) };
}

const partPattern = /^([a-z][a-z0-9]*)=([^\s,=]+)$/;
const timestampPattern = /^[0-9]{1,12}$/;
const signaturePattern = /^[0-9a-f]{64}$/;

/** Strict: one `t`, at least one well-formed `v1`, other schemes ignored, nothing malformed in between. */
function parseHeader(header: string): SignatureHeader | undefined {
  const timestamps: string[] = [];
  const candidates: Buffer[] = [];
  for (const part of header.split(',')) {
    const [, scheme, value] = partPattern.exec(part) ?? [];
    if (scheme === undefined || value === undefined) return undefined;
    if (scheme === 't') timestamps.push(value);
    if (scheme === 'v1' && signaturePattern.test(value)) candidates.push(Buffer.from(value, 'hex'));
  }
  const [timestamp] = timestamps;
  if (timestamps.length !== 1 || timestamp === undefined || !timestampPattern.test(timestamp)) return undefined;
  return candidates.length === 0 ? undefined : { timestamp, candidates };
}

function sign(secret: string, timestamp: string, rawBody: Buffer): Buffer {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(rawBody).digest();
}

/** Compares every pair: leaving at the first match would tell by its time which secret it was. */
function hasMatch(expected: readonly Buffer[], candidates: readonly Buffer[]): boolean {
  let found = false;
  for (const one of expected) {
    for (const other of candidates) found = timingSafeEqual(one, other) || found;
  }
  return found;
}
