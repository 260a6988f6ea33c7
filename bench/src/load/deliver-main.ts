// Delivers a stretch of the feed over HTTP, closed loop: what a server takes when senders never let it wait. All deliveries are
// made and signed before the first is sent, so that the machine is not busy with that instead.
import { median, quantile } from '../figure.js';
import { deliveryOf } from './delivery.js';
import type { Delivery } from './delivery.js';
import { deliverJob } from './job.js';
import { KeepAliveConnection } from './keep-alive.client.js';
import type { Answer } from './keep-alive.client.js';
import { inParallel, runJob } from './job-file.js';
import { feedEvent } from './stripe-feed.js';

/** They are held in memory, some 4 KB each. */
const most = 250_000;
/** A signature holds for 300 s before and after its moment; from a moment that is still to come, for nine minutes from now. */
const signedAheadMs = 240_000;

await runJob(deliverJob, async ({ run, from, count, port, secret, connections, warmUp }) => {
  if (count > most) throw new Error(`${count} deliveries are more than fit into memory: at most ${most} at a time`);
  const latencies: number[] = [];
  let errors = 0;
  const signedAt = new Date(Date.now() + signedAheadMs);
  const deliveries = Array.from({ length: count }, (_, position) =>
    deliveryOf(feedEvent(run, from + position).event, secret, signedAt),
  );
  // Now, not before: a server closes what is silent for as long as it takes to make 100,000 deliveries.
  const open = await Promise.all(Array.from({ length: connections }, () => KeepAliveConnection.open(port)));
  const sendAll = (stretch: { from: number; count: number }): Promise<void> =>
    inParallel({ ...stretch, width: connections }, async (position, worker) => {
      const begin = performance.now();
      const answer = await send(open[worker], deliveries[position]);
      latencies.push(performance.now() - begin);
      if (answer?.status !== 200) errors += 1;
    });
  await sendAll({ from: 0, count: warmUp });
  latencies.length = 0;
  const errorsBefore = errors;
  const startedAt = Date.now();
  const begin = performance.now();
  await sendAll({ from: warmUp, count: count - warmUp });
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
