import { dumpSchema, infrastructureOfThisRun } from '@billhook/testing';
import { connect } from 'amqplib';
import type { GetMessage } from 'amqplib';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import type { StartedSystem } from '../demo/src/start-system.process.js';

/** What is true of one person and stands nowhere else. */
export const person = {
  email: 'canary.lovelace@example.com',
  name: 'Canary Augusta Lovelace',
  street: '12 Canary Wharf Lane',
  /** Loopback has sixteen million addresses to come from. */
  ip: '127.66.77.88',
  userAgent: 'CanaryBrowser/9.7 (Canary OS)',
} as const;

/** The text itself, in hexadecimal, and in base64 wherever in a group of three bytes it may begin. */
export function formsOf(text: string): string[] {
  const shifted = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('\0'.repeat(offset) + text).toString('base64');
    // The first and the last group also hold bits of the neighbours.
    return encoded.slice(offset === 0 ? 0 : 4).replace(/.{0,4}$/, '');
  });
  return [text, Buffer.from(text).toString('hex'), ...shifted];
}

const forms = Object.values(person).flatMap(formsOf);

/** The lines in which something of the person stands. */
export function linesAbout(text: string): string[] {
  return text.split('\n').filter((line) => forms.some((form) => line.toLowerCase().includes(form.toLowerCase())));
}

interface Call {
  method: 'GET' | 'POST';
  token: string;
  body?: object;
}

/** As the person's own browser asks: from their address, with its name. */
export function asPerson(url: string, { method, token, body }: Call): Promise<{ status: number; text: string }> {
  const headers = {
    authorization: `Bearer ${token}`,
    'user-agent': person.userAgent,
    ...(body && { 'content-type': 'application/json' }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const options = { method, headers, localAddress: person.ip, family: 4, timeout: 30_000 };
  const outgoing = request(url, options, (response) => {
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (part: string) => (text += part));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    response.on('error', reject);
  });
  outgoing.on('error', reject);
  outgoing.end(body && JSON.stringify(body));
  return promise;
}

/** The database of a system, as its administrator. */
function databaseOf({ place }: StartedSystem): string {
  const url = new URL(place.databaseAdminUrl);
  url.pathname = new URL(place.databaseUrls.gateway).pathname;
  return url.toString();
}

/** What every table of every schema holds, by the schema's name. */
export async function dumpEverySchema(started: StartedSystem): Promise<Map<string, string>> {
  const url = databaseOf(started);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace
       WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_t%' ORDER BY 1`,
    );
    const dumps = rows.map(async ({ name }) => [name, await dumpSchema(url, name)] as const);
    return new Map(await Promise.all(dumps));
  } finally {
    await client.end();
  }
}

const queueList = z.array(z.object({ name: z.string() }));

/** By RabbitMQ's management API, so that none is missed. */
async function queueNames({ place }: StartedSystem): Promise<string[]> {
  const { origin, username, password } = new URL(infrastructureOfThisRun().rabbitmqManagementUrl);
  const path = new URL(place.rabbitmqUrl).pathname.slice(1);
  const response = await fetch(`${origin}/api/queues/${path === '' ? '%2F' : path}?columns=name`, {
    headers: { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` },
  });
  return queueList.parse(await response.json()).map(({ name }) => name);
}

/** Everything that waits in a queue or is dead there, headers and bytes; it stays. */
export async function readEveryQueue(started: StartedSystem): Promise<string> {
  const model = await connect(started.place.rabbitmqUrl);
  try {
    const channel = await model.createChannel();
    const found: string[] = [];
    for (const queue of await queueNames(started)) {
      for (let message = await channel.get(queue); message !== false; message = await channel.get(queue)) {
        found.push(`${queue}: ${toLine(message)}`);
      }
    }
    channel.nackAll(true);
    return found.join('\n');
  } finally {
    await model.close();
  }
}

function toLine({ properties, content }: GetMessage): string {
  return `${JSON.stringify(properties)} ${content.toString('latin1')}`.replaceAll('\n', ' ');
}

/** Puts bytes where the broker puts what it has given up on, in front of every service. */
export async function letDie(
  started: StartedSystem,
  message: { headers?: Record<string, unknown>; body: Buffer },
): Promise<void> {
  const model = await connect(started.place.rabbitmqUrl);
  try {
    const channel = await model.createConfirmChannel();
    const { headers, body } = message;
    const dead = (await queueNames(started)).filter((name) => name.endsWith('.dead'));
    for (const queue of dead) channel.publish('', queue, body, { headers, persistent: true });
    await channel.waitForConfirms();
  } finally {
    await model.close();
  }
}

/** Every line of every service's log; Stripe's own are not ours to answer for. */
export function readEveryLog({ logFolder }: StartedSystem): string {
  const files = readdirSync(logFolder).filter((file) => !file.startsWith('stripe-simulator'));
  return files.map((file) => readFileSync(join(logFolder, file), 'utf8')).join('\n');
}
