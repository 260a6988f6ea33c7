// The append function against a bare INSERT of the same rows, in batches as the queue delivers them.
import type { OutgoingEvent } from '@billhook/messaging';
import pg from 'pg';
import { runJob } from '../load/job-file.js';
import { BareTable } from './bare-table.store.js';
import { appendJob, batchSize } from './job.js';
import type { AppendJob, AppendRound } from './job.js';
import { TrailWriter } from './stored-trail.store.js';
import { feedFor, storyOf } from './trail-feed.js';

/** Events of the same people, after all that is stored. */
class Batches {
  private story: number;
  private readonly left: OutgoingEvent[] = [];
  private readonly feed;

  constructor({ run, entries }: AppendJob) {
    this.feed = feedFor(run, entries);
    this.story = this.feed.users;
  }

  take(count: number): OutgoingEvent[][] {
    return Array.from({ length: count }, () => this.next());
  }

  private next(): OutgoingEvent[] {
    while (this.left.length < batchSize) this.left.push(...storyOf(this.feed, (this.story += 1), new Date()));
    return this.left.splice(0, batchSize);
  }
}

/** Entries a second. */
async function rateOf<T>(batches: readonly T[], write: (batch: T) => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  for (const batch of batches) await write(batch);
  return (batches.length * batchSize * 1000) / (performance.now() - begin);
}

async function roundOf(job: AppendJob, { writer, bare, source }: Contest): Promise<AppendRound> {
  const sealedBefore = [];
  for (const batch of source.take(job.batches)) sealedBefore.push(await writer.seal(batch));
  const events = source.take(job.batches);
  const from = await bare.head();
  const chained = await rateOf(sealedBefore, (entries) => writer.append(entries));
  const sealed = await rateOf(events, async (batch) => writer.append(await writer.seal(batch)));
  const rows = await bare.rowsAfter(from, { batchSize, count: job.batches });
  return { chained, sealed, bare: await rateOf(rows, (batch) => bare.insert(batch)) };
}

interface Contest {
  writer: TrailWriter;
  bare: BareTable;
  source: Batches;
}

await runJob(appendJob, async (job) => {
  const client = new pg.Client({ connectionString: job.adminUrl });
  await client.connect();
  const contest = {
    writer: await TrailWriter.open(job),
    bare: await BareTable.make(client),
    source: new Batches(job),
  };
  await roundOf(job, contest);
  const rounds: AppendRound[] = [];
  for (let index = 0; index < job.rounds; index += 1) rounds.push(await roundOf(job, contest));
  await contest.bare.drop();
  await contest.writer.close();
  await client.end();
  return { rounds };
});
