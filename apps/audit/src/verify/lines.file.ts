import { createReadStream } from 'node:fs';

/** Read at once: enough that a chunk holds hundreds of entries. */
const chunkBytes = 1024 * 1024;

/** The lines of a file, many at a time, in constant memory. */
export async function* linesOf(path: string): AsyncGenerator<string[]> {
  let rest = '';
  const chunks: AsyncIterable<unknown> = createReadStream(path, { encoding: 'utf8', highWaterMark: chunkBytes });
  for await (const chunk of chunks) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') yield [rest];
}
