import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RefusedRow } from './import-progress.store.js';
import { refusedHeader, refusedLine } from './import-report.js';

/** A file's content, a piece at a time. */
export function piecesOf(file: string): AsyncIterable<string> {
  return createReadStream(file, 'utf8');
}

/** SHA-256 of a file's content: the same import under whatever name. */
export async function fingerprintOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  const pieces: AsyncIterable<Buffer> = createReadStream(file);
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** Replaces what stood in the file. */
export async function writeRefused(file: string, pages: AsyncIterable<RefusedRow[]>): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.write(refusedHeader);
    for await (const page of pages) await handle.write(page.map(refusedLine).join(''));
  } finally {
    await handle.close();
  }
}
