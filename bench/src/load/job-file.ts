import { writeFileSync } from 'node:fs';
import type { z } from 'zod';

/** The other end of `runProgram`: reads the job, does it, leaves the result. */
export async function runJob<T>(schema: z.ZodType<T>, work: (job: T) => Promise<object>): Promise<void> {
  const job = schema.parse(JSON.parse(process.env['JOB'] ?? ''));
  const result = await work(job);
  writeFileSync(process.env['RESULT_FILE'] ?? '', JSON.stringify(result));
}

/** Calls `work` for each index from `from` on, `count` times, never more than `width` at once. */
export async function inParallel(
  { from, count, width }: { from: number; count: number; width: number },
  work: (index: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const workers = Array.from({ length: width }, async (_, worker) => {
    while (next < from + count) await work((next += 1) - 1, worker);
  });
  await Promise.all(workers);
}
