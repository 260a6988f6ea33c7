// The least that turns queued events into rows: raw bytes, one upsert, one outbox row, in batches of 200. No order, no tiers, no
// retries, no parking. What the services' apply rate is compared with, never a thing to run.
import amqp from 'amqplib';
import type { ConsumeMessage } from 'amqplib';
import pg from 'pg';
import { z } from 'zod';
import { runJob } from '../load/job-file.js';

const batchSize = 200;
const queue = 'subscription.events';

const job = z.object({ rabbitmqUrl: z.string(), databaseUrl: z.string(), count: z.int().positive() });
const event = z.object({ data: z.object({ object: z.object({ id: z.string(), status: z.string() }) }) });

const tables = `
  CREATE TABLE IF NOT EXISTS bare_raw (event_id text PRIMARY KEY, body bytea NOT NULL);
  CREATE TABLE IF NOT EXISTS bare_subscription (subscription_id text PRIMARY KEY, status text NOT NULL, event_id text NOT NULL);
  CREATE TABLE IF NOT EXISTS bare_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subscription_id text, body bytea)`;

async function applyBatch(client: pg.Client, messages: readonly ConsumeMessage[]): Promise<void> {
  const ids = messages.map(({ properties }) => String(properties.messageId));
  const objects = messages.map(({ content }) => event.parse(JSON.parse(content.toString())).data.object);
  const newest = [...new Map(objects.map((object, index) => [object.id, { object, id: ids[index] }])).values()];
  await client.query('BEGIN');
  await client.query('INSERT INTO bare_raw SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING', [
    ids,
    messages.map(({ content }) => content),
  ]);
  await client.query(
    `INSERT INTO bare_subscription SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
     ON CONFLICT (subscription_id) DO UPDATE SET status = excluded.status, event_id = excluded.event_id`,
    [newest.map(({ object }) => object.id), newest.map(({ object }) => object.status), newest.map(({ id }) => id)],
  );
  await client.query('INSERT INTO bare_outbox (subscription_id, body) SELECT * FROM unnest($1::text[], $2::bytea[])', [
    objects.map(({ id }) => id),
    objects.map(({ id, status }) => Buffer.from(JSON.stringify({ id, status }))),
  ]);
  await client.query('COMMIT');
}

await runJob(job, async ({ rabbitmqUrl, databaseUrl, count }) => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(tables);
  const connection = await amqp.connect(rabbitmqUrl, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.prefetch(2 * batchSize);
  const waiting: ConsumeMessage[] = [];
  let arrived = Promise.withResolvers<void>();
  await channel.consume(queue, (message) => {
    if (message) waiting.push(message);
    arrived.resolve();
  });
  let [done, begin, lastBegin, lastSize] = [0, 0, 0, 0];
  while (done < count) {
    await arrived.promise;
    arrived = Promise.withResolvers();
    for (let batch = waiting.splice(0, batchSize); batch.length > 0; batch = waiting.splice(0, batchSize)) {
      lastBegin = performance.now();
      if (done === 0) begin = lastBegin;
      await applyBatch(client, batch);
      const last = batch.at(-1);
      if (last) channel.ack(last, true);
      lastSize = batch.length;
      done += batch.length;
    }
  }
  await connection.close();
  await client.end();
  return { rate: (done - lastSize) / ((lastBegin - begin) / 1000) };
});
