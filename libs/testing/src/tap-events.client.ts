import amqp from 'amqplib';

export interface TappedEvent {
  routingKey: string;
  /** the CloudEvents attributes, without their header prefix */
  attributes: Record<string, unknown>;
  body: Buffer;
}

export interface EventTap {
  /** grows as they arrive */
  events: TappedEvent[];
  close(): Promise<void>;
}

const exchange = 'billhook.events';
const prefix = 'cloudEvents:';

function attributesOf(headers: Record<string, unknown>): Record<string, unknown> {
  const ours = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(ours.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Collects everything published to the exchange from now on, by a queue that vanishes with the connection. */
export async function tapEvents(brokerUrl: string, routingKey = '#'): Promise<EventTap> {
  const connection = await amqp.connect(brokerUrl, { noDelay: true });
  connection.on('error', () => undefined); // the spec may drop the virtual host first
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
  await channel.bindQueue(queue, exchange, routingKey);
  const events: TappedEvent[] = [];
  await channel.consume(
    queue,
    (message) => {
      if (!message) return;
      const { fields, properties, content } = message;
      events.push({ routingKey: fields.routingKey, attributes: attributesOf(properties.headers ?? {}), body: content });
    },
    { noAck: true },
  );
  return { events, close: () => connection.close() };
}
