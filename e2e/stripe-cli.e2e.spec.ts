import {
  createTestBroker,
  ended,
  freePort,
  freePortPair,
  lastLines,
  projectFile,
  startReaper,
  startServiceProcess,
  tapEvents,
  waitFor,
} from '@billhook/testing';
import type { EventTap, Reaper, TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const cli = projectFile('.tools/node_modules/.bin/stripe');
const secretKey = 'sk_test_made_up_for_specs';
const webhookSecret = 'whsec_made_up_for_specs';
const slowly = 60_000;

let reaper: Reaper;
let broker: TestBroker;
let tap: EventTap;
let simulatorUrl: string;
let ingressUrl: string;
let logFolder: string;
let listening: ReturnType<typeof stripe>;

const webhookUrl = () => `${ingressUrl}/webhook/stripe`;

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error(`no ${cli}: bash deploy/with-toolchain.sh --stripe-cli true installs it`);
  reaper = startReaper();
  logFolder = reaper.folder('billhook-cli');
  broker = await createTestBroker();
  await Promise.all([startSimulator(), startIngress()]);
  listening = stripe('listen', '--no-wss', '--skip-update', '--all-snapshot', '--forward-to', webhookUrl());
  await waitFor('the CLI to listen', () => listening.said().includes('Ready!'), slowly);
}, 180_000);
afterAll(async () => {
  await reaper?.close();
  await broker?.drop();
});

afterEach(() => tap?.close());

/** Without an endpoint of its own: what arrives was forwarded. */
async function startSimulator(): Promise<void> {
  const port = await freePort();
  simulatorUrl = `http://127.0.0.1:${port}`;
  await start('stripe-simulator', {
    PORT: String(port),
    PUBLIC_URL: simulatorUrl,
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
  }).untilReady(`${simulatorUrl}/_simulator/health`);
}

async function startIngress(): Promise<void> {
  const port = await freePortPair(10);
  ingressUrl = `http://127.0.0.1:${port}`;
  await start('webhook-ingress', {
    PORT: String(port),
    MANAGEMENT_PORT: String(port + 10),
    RABBITMQ_URL: broker.url,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_LIVEMODE: 'false',
  }).untilReady(`http://127.0.0.1:${port + 10}/health/ready`);
}

function start(name: string, settings: Record<string, string>) {
  const script = `apps/${name}/src/main.js`;
  return startServiceProcess({ reaper, name, script, settings, logFile: join(logFolder, `${name}.log`) });
}

/** Runs Stripe's CLI against the simulator. The home folder is a new one, so that no profile of whoever tests is used. */
function stripe(...words: string[]) {
  const logFile = join(logFolder, `stripe-${words[0]}.log`);
  const child = reaper.spawn(cli, [...words, '--api-base', simulatorUrl], {
    logFile,
    env: { PATH: process.env['PATH'], HOME: logFolder, STRIPE_API_KEY: secretKey, STRIPE_CLI_TELEMETRY_OPTOUT: '1' },
  });
  const said = () => readFileSync(logFile, 'utf8');
  const succeeds = async (): Promise<void> => {
    const how = await ended(child);
    if (how !== 0) throw new Error(`stripe ${words.join(' ')} ended with ${String(how)}:\n${lastLines(logFile)}`);
  };
  return { said, succeeds };
}

const arrived = (type: string) =>
  tap.events.flatMap(({ routingKey, attributes }) => (routingKey === `stripe.${type}` ? String(attributes['id']) : []));

it('listens, forwards what trigger makes to the ingress, and has an event sent again', async () => {
  tap = await tapEvents(broker.url, 'stripe.#');
  await stripe('trigger', 'customer.subscription.created').succeeds();
  const type = 'customer.subscription.created';
  const [id = ''] = await waitFor('the event', () => arrived(type).length > 0 && arrived(type), slowly);
  const answer = `<--  [200] POST ${webhookUrl()} [${id}]`;
  await waitFor('the answer to be shown', () => listening.said().includes(answer), slowly);

  await stripe('events', 'resend', id).succeeds();
  await waitFor('the event once more', () => arrived(type).length === 2, slowly);
  expect(arrived(type)).toEqual([id, id]);
}, 180_000);

/** Of what billing reads: what 1.52.0 can trigger and the simulator models (docs/simulator.md says what it does not). */
const triggers = [
  ...['created', 'updated', 'closed'].map((what) => `charge.dispute.${what}`),
  ...['refunded', 'refund.updated'].map((what) => `charge.${what}`),
  ...['completed', 'expired'].map((what) => `checkout.session.${what}`),
  ...['created', 'updated', 'deleted'].map((what) => `customer.${what}`),
  ...['created', 'updated', 'deleted', 'paused', 'trial_will_end'].map((what) => `customer.subscription.${what}`),
  ...['paid', 'payment_succeeded', 'payment_failed', 'payment_action_required'].map((what) => `invoice.${what}`),
  ...['marked_uncollectible', 'voided'].map((what) => `invoice.${what}`),
  ...['created', 'updated', 'released', 'canceled'].map((what) => `subscription_schedule.${what}`),
];

it('triggers what billing reads, and all of it arrives', async () => {
  tap = await tapEvents(broker.url, 'stripe.#');
  for (const type of triggers) await stripe('trigger', type).succeeds();
  const missing = () => triggers.filter((type) => arrived(type).length === 0);
  const nothingIsMissing = () => {
    expect(missing()).toEqual([]);
    return true;
  };
  await waitFor('all that was triggered', nothingIsMissing, slowly);
}, 240_000);
