// Sends the feed at a fixed rate, open loop, and watches some of the events all the way to `GET /v1/account`. Sender and watcher are
// one process, so that both ends of a measurement are read from one clock.
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../figure.js';
import { ConnectionPool } from '../load/connection-pool.client.js';
import { deliveryOf } from '../load/delivery.js';
import { runJob } from '../load/job-file.js';
import { feedEvent, subscriptionCount, userOf } from '../load/stripe-feed.js';
import type { FeedEvent } from '../load/stripe-feed.js';
import { tokensFor } from '../load/user-tokens.js';
import { AccountWatch, giveUpMs } from './account-watch.client.js';
import { watchJob } from './job.js';
import type { WatchResult } from './job.js';

/** Watching costs the gateway a request and us another: enough for a p99, few enough not to be the load. */
const watchedPerSecond = 25;

/** What has been seen of the measured events so far. */
class Tally implements WatchResult {
  readonly visible: number[] = [];
  refused = 0;
  unseen = 0;
  private readonly answers: number[] = [];

  answered(ms: number): void {
    this.answers.push(ms);
  }

  seen(ms: number | undefined): void {
    if (ms === undefined) this.unseen += 1;
    this.visible.push(ms ?? giveUpMs);
  }

  get accepted(): WatchResult['accepted'] {
    return { p50: quantile(this.answers, 0.5), p99: quantile(this.answers, 0.99) };
  }
}

/** Calls `send` for each event at its moment, whatever became of those before; resolves when all are done. */
async function openLoop(
  { rate, total }: { rate: number; total: number },
  send: (position: number, moment: number) => Promise<void>,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  const begin = performance.now();
  for (let sent = 0; sent < total;) {
    // The first is due at the beginning: counted from one, each would be sent a whole interval after its moment.
    const due = Math.min(total, Math.floor(((performance.now() - begin) / 1000) * rate) + 1);
    for (; sent < due; sent += 1) underWay.push(send(sent, begin + (sent * 1000) / rate));
    await delay(1);
  }
  await Promise.all(underWay);
}

await runJob(watchJob, async (job): Promise<WatchResult> => {
  const { run, from, rate, warmUpSeconds, seconds, ingressPort, gatewayPort, secret, databaseUrl } = job;
  const every = Math.max(1, Math.round(rate / watchedPerSecond));
  const watched = Array.from({ length: Math.ceil(subscriptionCount / every) }, (_, index) => index * every);
  const tokens = await tokensFor(watched.map(userOf), job);
  const ingress = new ConnectionPool(ingressPort);
  const watch = await AccountWatch.open(databaseUrl, gatewayPort);
  await watch.visit(tokens);
  const tally = new Tally();
  const warmUp = Math.round(rate * warmUpSeconds);
  const total = warmUp + Math.round(rate * seconds);

  /** Undefined for an event that is not watched. */
  const watching = (index: number, { userId, createdAt }: FeedEvent): Promise<number | undefined> | undefined => {
    const subject = index % subscriptionCount;
    const token = subject % every === 0 ? tokens[subject / every] : undefined;
    return token === undefined ? undefined : watch.seen(userId, token, createdAt);
  };
  await openLoop({ rate, total }, async (position, moment) => {
    const isMeasured = position >= warmUp;
    const item = feedEvent(run, from + position);
    const { head, body } = deliveryOf(item.event, secret);
    const seen = isMeasured ? watching(from + position, item) : undefined;
    const { status } = await ingress.send(head, body);
    if (status !== 200) tally.refused += 1;
    if (isMeasured) tally.answered(performance.now() - moment);
    if (seen === undefined) return;
    const at = await seen;
    tally.seen(at === undefined ? undefined : at - moment);
  });
  ingress.close();
  await watch.close();
  const { visible, accepted, refused, unseen } = tally;
  return { visible, accepted, refused, unseen };
});
