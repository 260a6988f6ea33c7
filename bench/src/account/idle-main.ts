// Opens a browser for every user, and reads from outside what the gateway holds while nothing happens but heartbeats.
import { setTimeout as delay } from 'node:timers/promises';
import { rssOf } from '../cost/proc.process.js';
import { inParallel, runJob } from '../load/job-file.js';
import { tokensFor } from '../load/user-tokens.js';
import { EventStream } from './event-stream.client.js';
import { idleJob } from './job.js';

/** As many as come at once; the gateway opens an account for each. */
const wide = 32;
const sampleEveryMs = 500;

await runJob(idleJob, async ({ port, pid, clients, seconds, ...making }) => {
  const tokens = await tokensFor(
    Array.from({ length: clients }, (_, index) => `idler_${index}`),
    making,
  );
  const memoryBefore = rssOf(pid);
  const streams: EventStream[] = [];
  await inParallel({ from: 0, count: clients, width: wide }, async (index) => {
    streams.push(await EventStream.open(port, tokens[index] ?? '', () => undefined));
  });
  let mostMemory = 0;
  for (const endsAt = performance.now() + seconds * 1000; performance.now() < endsAt;) {
    mostMemory = Math.max(mostMemory, rssOf(pid));
    await delay(sampleEveryMs);
  }
  const lost = streams.filter((stream) => !stream.isOpen).length;
  if (lost > 0) throw new Error(`${lost} of ${streams.length} streams did not last: this is no measurement`);
  for (const stream of streams) stream.close();
  return { mostMemory, memoryBefore };
});
