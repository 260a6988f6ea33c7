import { connect } from 'amqplib';
import type { Channel, ChannelModel } from 'amqplib';
import { deadLetterArguments, queueNames, topology } from './topology.js';

/** The broker holds something else under one of our names. Never replaced silently: that would drop its messages. */
export class TopologyDiffers extends Error {
  override readonly name = 'TopologyDiffers';
  constructor(readonly differences: readonly string[]) {
    super(
      [
        'The broker holds a different topology; nothing was replaced. Drain and delete what differs, then declare again:',
        ...differences.map((difference) => `  - ${difference}`),
      ].join('\n'),
    );
  }
}

type Declaration = (channel: Channel) => Promise<string>;

/**
 * Declares exchange, queues, dead-letter queues and bindings. Safe to repeat. Rejects with TopologyDiffers, after having tried
 * everything, when the broker answers 406 PRECONDITION_FAILED.
 */
export async function declareTopology(options: { url: string; log?: (line: string) => void }): Promise<void> {
  const model = await connect(options.url, {
    noDelay: true,
    timeout: 5_000,
    clientProperties: { connection_name: 'billhook-topology' },
  });
  // The failure itself rejects the declaration; the event only must not go unheard.
  model.on('error', () => undefined);
  try {
    const differences = await declareAll(model, options.log ?? (() => undefined));
    if (differences.length > 0) throw new TopologyDiffers(differences);
  } finally {
    await model.close();
  }
}

async function declareAll(model: ChannelModel, log: (line: string) => void): Promise<string[]> {
  const differences = [await declareOne(model, declareExchange, log)];
  // Nothing binds to a dead-letter queue, and a queue is bound to the exchange only.
  differences.push(...(await Promise.all(queueDeclarations().map((each) => declareOne(model, each, log)))));
  return differences.filter((difference) => difference !== undefined);
}

/** A channel each, because the broker closes the channel of a declaration that it refuses. */
async function declareOne(
  model: ChannelModel,
  declaration: Declaration,
  log: (line: string) => void,
): Promise<string | undefined> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  try {
    log(await declaration(channel));
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error;
    return error.message;
  }
  await channel.close();
  return undefined;
}

function queueDeclarations(): Declaration[] {
  return queueNames.flatMap((name) => [declareDeadLetterQueue(name), declareQueue(name)]);
}

async function declareExchange(channel: Channel): Promise<string> {
  await channel.assertExchange(topology.exchange, 'topic', { durable: true });
  return `exchange ${topology.exchange}`;
}

function declareDeadLetterQueue(name: (typeof queueNames)[number]): Declaration {
  const { deadLetterQueue } = topology.queues[name];
  return async (channel) => {
    await channel.assertQueue(deadLetterQueue, { durable: true, arguments: deadLetterArguments });
    return `queue ${deadLetterQueue}`;
  };
}

function declareQueue(name: (typeof queueNames)[number]): Declaration {
  const queue = topology.queues[name];
  return async (channel) => {
    await channel.assertQueue(name, { durable: true, arguments: queue.arguments });
    for (const binding of queue.bindings) await channel.bindQueue(name, topology.exchange, binding);
    return `queue ${name} bound to ${queue.bindings.join(', ')}`;
  };
}

function isPreconditionFailed(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 406;
}
