// Publishes a stretch of the feed with the services' own publisher: the same headers, flags and confirms as the ingress.
import { EventPublisher } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { publishJob } from './job.js';
import { inParallel, runJob } from './job-file.js';
import { feedAttributes, feedEvent } from './stripe-feed.js';

const inFlight = 256;
const confirmTimeoutMs = 30_000;

const warn = (fields: object, message: string): void =>
  void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const log = { info: () => undefined, warn, error: warn };

await runJob(publishJob, async ({ run, from, count, rabbitmqUrl }) => {
  const timeoutMs = confirmTimeoutMs;
  const publisher = new EventPublisher({ url: rabbitmqUrl, connectionName: 'bench-load', timeoutMs, log });
  await publisher.start();
  await waitFor('the broker', () => publisher.state() === 'up');
  const begin = performance.now();
  await inParallel({ from, count, width: inFlight }, async (index) => {
    const item = feedEvent(run, index);
    const body = Buffer.from(JSON.stringify(item.event));
    await publisher.publish({ attributes: feedAttributes(item, new Date()), body });
  });
  const seconds = (performance.now() - begin) / 1000;
  await publisher.stop();
  return { seconds };
});
