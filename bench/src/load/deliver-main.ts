// Delivers a stretch of the feed over HTTP, closed loop: what a server takes when senders never let it wait.
import { median, quantile } from '../figure.js';
import { deliveryOf } from './delivery.js';
import { deliverJob } from './job.js';
import { KeepAliveConnection } from './keep-alive.client.js';
import { inParallel, runJob } from './job-file.js';
import { feedEvent } from './stripe-feed.js';

await runJob(deliverJob, async ({ run, from, count, port, secret, connections, warmUp }) => {
  const open = await Promise.all(Array.from({ length: connections }, () => KeepAliveConnection.open(port)));
  const latencies: number[] = [];
  let errors = 0;
  const send = async (index: number, worker: number): Promise<void> => {
    const { head, body } = deliveryOf(feedEvent(run, index).event, secret);
    const begin = performance.now();
    const answer = await open[worker]?.send(head, body);
    latencies.push(performance.now() - begin);
    if (answer?.status !== 200) errors += 1;
  };
  if (warmUp > 0) await inParallel({ from, count: warmUp, width: connections }, send);
  latencies.length = 0;
  const errorsBefore = errors;
  const startedAt = Date.now();
  const begin = performance.now();
  await inParallel({ from: from + warmUp, count: count - warmUp, width: connections }, send);
  const seconds = (performance.now() - begin) / 1000;
  for (const connection of open) connection.close();
  const accepted = count - warmUp - (errors - errorsBefore);
  return { startedAt, rate: accepted / seconds, p50: median(latencies), p99: quantile(latencies, 0.99), errors };
});
