/** Rows that one statement looks at: a fraction of a second, far below what a statement may take. */
export const chunkSize = 5_000;

/** Some rows of a table in the order of their keys. */
export interface Chunk<T> {
  /** Null when there are no more rows. */
  last: string | null;
  found: T[];
}

/** From the first row to the last, a chunk at a time; how many were found. `take` is told how many were before. */
export async function walk<T>(
  find: (after: string) => Promise<Chunk<T>>,
  take: (found: T[], before: number) => Promise<void>,
): Promise<number> {
  let count = 0;
  let after: string | null = '';
  while (after !== null) {
    const { last, found } = await find(after);
    if (found.length > 0) await take(found, count);
    count += found.length;
    after = last;
  }
  return count;
}
