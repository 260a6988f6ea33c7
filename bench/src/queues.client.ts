import amqp from 'amqplib';
import type { Channel } from 'amqplib';

const queues = ['subscription.events', 'audit.events', 'gateway.accounts'] as const;
export type Queue = (typeof queues)[number];

async function withChannel<T>(url: string, use: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await amqp.connect(url, { noDelay: true });
  try {
    return await use(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

/** Empties them, all unless told which; messages that a consumer holds unacknowledged stay. */
export function purgeQueues(url: string, which: readonly Queue[] = queues): Promise<void> {
  return withChannel(url, async (channel) => {
    for (const queue of which) await channel.purgeQueue(queue);
  });
}

/** Messages that are ready in a queue; those in a consumer's hands are not counted. */
export function depthOf(url: string, queue: Queue): Promise<number> {
  return withChannel(url, async (channel) => (await channel.checkQueue(queue)).messageCount);
}
