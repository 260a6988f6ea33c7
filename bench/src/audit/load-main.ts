// Fills the trail with a year of entries: the service's own projection, sealing and append function, with the clock of the loader.
import pg from 'pg';
import type { OutgoingEvent } from '@billhook/messaging';
import { runJob } from '../load/job-file.js';
import { loadJob, loadResult } from './job.js';
import { clearTrail, followTrail, settleTrail, TrailWriter, withClockOf } from './stored-trail.store.js';
import { feedFor, storyOf } from './trail-feed.js';
import type { Feed } from './trail-feed.js';

const year = 365 * 24 * 60 * 60 * 1000;
/** A trail of whatever size has its times spread over the year alike: not more entries at once than this share of them. */
const batchesAYear = 2_000;
const mostInBatch = 1_000;

/** A batch, and when it is to have been recorded. */
interface Batch {
  events: OutgoingEvent[];
  at: Date;
}

function* batchesOf(feed: Feed, entries: number): Generator<Batch> {
  const [now, before] = [Date.now(), Date.now() - year];
  const batchSize = Math.min(mostInBatch, Math.ceil(entries / batchesAYear));
  let [batch, done]: [OutgoingEvent[], number] = [[], 0];
  for (let story = 0; done < entries; story += 1) {
    const at = new Date(before + (done / entries) * (now - before));
    const events = storyOf(feed, story, at).slice(0, entries - done);
    batch.push(...events);
    done += events.length;
    if (batch.length < batchSize && done < entries) continue;
    yield { events: batch, at };
    batch = [];
  }
}

/** One batch is made and sealed while PostgreSQL appends the one before. */
async function load(writer: TrailWriter, feed: Feed, entries: number): Promise<void> {
  let appending = Promise.resolve();
  for (const { events, at } of batchesOf(feed, entries)) {
    const sealed = await writer.seal(events);
    await appending;
    appending = writer.appendAt(sealed, at);
  }
  await appending;
}

const perSecond = async (count: number, work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return (count * 1000) / (performance.now() - begin);
};

await runJob(loadJob, async ({ adminUrl, run, entries, ...settings }) => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query('SET synchronous_commit = off');
  await clearTrail(client);
  const writer = await TrailWriter.open(settings);
  const loading = (): Promise<void> => load(writer, feedFor(run, entries), entries);
  const rate = await perSecond(entries, () => withClockOf(client, loading));
  const wordsRate = await perSecond(entries, () => followTrail(client));
  await settleTrail(client);
  await writer.close();
  await client.end();
  return loadResult.parse({ rate, wordsRate });
});
