// Publishes events of the trail's feed while nobody takes them.
import { EventPublisher } from '@billhook/messaging';
import type { OutgoingEvent } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { inParallel, runJob } from '../load/job-file.js';
import { queueJob } from './job.js';
import { feedFor, storyOf } from './trail-feed.js';

const inFlight = 256;
const confirmTimeoutMs = 30_000;

const warn = (fields: object, message: string): void =>
  void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const log = { info: () => undefined, warn, error: warn };

await runJob(queueJob, async ({ run, entries, count, rabbitmqUrl }) => {
  const feed = feedFor(run, entries);
  const events: OutgoingEvent[] = [];
  for (let story = feed.users; events.length < count; story += 1) events.push(...storyOf(feed, story, new Date()));
  const publisher = new EventPublisher({
    url: rabbitmqUrl,
    connectionName: 'bench-load',
    timeoutMs: confirmTimeoutMs,
    log,
  });
  await publisher.start();
  await waitFor('the broker', () => publisher.state() === 'up');
  await inParallel({ from: 0, count, width: inFlight }, async (index) => {
    const event = events[index];
    if (event !== undefined) await publisher.publish(event);
  });
  await publisher.stop();
  return {};
});
