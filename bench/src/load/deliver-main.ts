// Delivers a stretch of the feed over HTTP, closed loop: what a server takes when senders never let it wait. Deliveries are made
// and signed before they are sent, so that the machine is not busy with that instead.
import { median, quantile } from '../figure.js';
import { deliveryOf } from './delivery.js';
import type { Delivery } from './delivery.js';
import { deliverJob } from './job.js';
import { KeepAliveConnection } from './keep-alive.client.js';
import type { Answer } from './keep-alive.client.js';
import { inParallel, runJob } from './job-file.js';
import { feedEvent } from './stripe-feed.js';

/** So many at a time: a signature holds for 300 s, and they have to fit into memory. */
const madeAtOnce = 50_000;

await runJob(deliverJob, async ({ run, from, count, port, secret, connections, warmUp }) => {
  const open = await Promise.all(Array.from({ length: connections }, () => KeepAliveConnection.open(port)));
  const latencies: number[] = [];
  let errors = 0;
  const make = (first: number, length: number): Delivery[] =>
    Array.from({ length }, (_, position) => deliveryOf(feedEvent(run, first + position).event, secret));
  const sendAll = (deliveries: readonly Delivery[]): Promise<void> =>
    inParallel({ from: 0, count: deliveries.length, width: connections }, async (position, worker) => {
      const begin = performance.now();
      const answer = await send(open[worker], deliveries[position]);
      latencies.push(performance.now() - begin);
      if (answer?.status !== 200) errors += 1;
    });
  await sendAll(make(from, warmUp));
  latencies.length = 0;
  const errorsBefore = errors;
  const end = from + count;
  let next = from + warmUp;
  let ready = make(next, Math.min(madeAtOnce, end - next));
  const startedAt = Date.now();
  const begin = performance.now();
  while (ready.length > 0) {
    await sendAll(ready);
    next += ready.length;
    ready = make(next, Math.min(madeAtOnce, end - next));
  }
  const seconds = (performance.now() - begin) / 1000;
  for (const connection of open) connection.close();
  const accepted = count - warmUp - (errors - errorsBefore);
  return { startedAt, rate: accepted / seconds, p50: median(latencies), p99: quantile(latencies, 0.99), errors };
});

async function send(
  connection: KeepAliveConnection | undefined,
  delivery: Delivery | undefined,
): Promise<Answer | undefined> {
  return connection !== undefined && delivery !== undefined ? connection.send(delivery.head, delivery.body) : undefined;
}
