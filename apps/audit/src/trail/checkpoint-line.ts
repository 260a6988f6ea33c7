import { z } from 'zod';
import type { Checkpoint } from './checkpoint.js';
import { fromIso, toIso } from './instants.js';

/** A checkpoint on its way: as the event `audit.checkpoint.signed` says it, and as a line of a file, with `line` before it. */
export interface CheckpointFields {
  seq: number;
  recorded_at: string;
  hash: string;
  signed_at: string;
  key_id: string;
  signature: string;
}

export function toFields({ seq, recordedAt, hash, signedAt, keyId, signature }: Checkpoint): CheckpointFields {
  return {
    seq: Number(seq),
    recorded_at: toIso(recordedAt),
    hash: hash.toString('hex'),
    signed_at: toIso(signedAt),
    key_id: keyId,
    signature: signature.toString('base64'),
  };
}

/** With its line break. */
export function checkpointLine(checkpoint: Checkpoint): string {
  return `${JSON.stringify({ line: 'checkpoint', ...toFields(checkpoint) })}\n`;
}

const instant = z.string().transform((text, context): bigint => {
  const microseconds = fromIso(text);
  if (microseconds !== undefined) return microseconds;
  context.addIssue({ code: 'custom', message: 'not a time with six digits' });
  return z.NEVER;
});

const lineSchema = z
  .object({
    line: z.literal('checkpoint'),
    seq: z.int().positive(),
    recorded_at: instant,
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    signed_at: instant,
    key_id: z.string(),
    signature: z.base64(),
  })
  .transform(({ seq, recorded_at, hash, signed_at, key_id, signature }): Checkpoint => ({
    seq: BigInt(seq),
    recordedAt: recorded_at,
    hash: Buffer.from(hash, 'hex'),
    signedAt: signed_at,
    keyId: key_id,
    signature: Buffer.from(signature, 'base64'),
  }));

/** Undefined for what is no such line. */
export function readCheckpoint(line: unknown): Checkpoint | undefined {
  const parsed = lineSchema.safeParse(line);
  return parsed.success ? parsed.data : undefined;
}
