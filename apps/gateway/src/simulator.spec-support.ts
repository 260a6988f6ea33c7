import { freePort, projectFile, startReaper, waitFor } from '@billhook/testing';
import { existsSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { createStripeClient } from '@billhook/stripe';

/** What the way to Stripe does to a request. */
export type Weather =
  /** Lets it through. */
  | 'clear'
  /** Never answers. */
  | 'hanging'
  /** Answers 500 without passing it on. */
  | 'failing'
  /** Passes it on and hangs up before the answer. */
  | 'answers_lost'
  /** The same once; clear from then on. */
  | 'first_answer_lost'
  /** Answers that the object is one of Stripe's other mode, without passing it on. */
  | 'other_mode'
  /** Answers 429 once, without passing it on; clear from then on. */
  | 'first_refused';

export interface Simulator {
  url: string;
  /** The gateway's environment to talk to it. */
  stripeSettings: Record<string, string>;
  /** A client of the same pretend Stripe that goes past the weather. */
  stripe: Stripe;
  /** For requests whose method and path match; the rest pass. */
  setWeather: (weather: Weather, only?: RegExp) => void;
  /** Does something just before the next matching request is passed on. */
  before: (only: RegExp, action: () => Promise<unknown>) => void;
  /** Method and path of every request that came by, in order. */
  requests: string[];
  /** Pays an open session as a customer does. */
  pay(sessionUrl: string, card?: string): Promise<Response>;
  stop(): Promise<void>;
}

const secretKey = 'sk_test_madeup';

/** The pretend Stripe as a process of its own, behind a forwarder that can misbehave. Needs a build. */
export async function startSimulator(): Promise<Simulator> {
  const main = projectFile('dist/apps/stripe-simulator/src/main.js');
  if (!existsSync(main)) throw new Error('the simulator is not built: run npm run build first');
  const reaper = startReaper();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  reaper.spawn(process.execPath, [main], {
    logFile: join(reaper.folder('billhook-simulator'), 'simulator.log'),
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      PUBLIC_URL: url,
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_WEBHOOK_SECRET: 'whsec_madeup',
    },
  });
  const door = await startDoor(port);
  // A process begins slowly where others run their specs.
  await waitFor('the simulator', async () => (await fetch(`${url}/_simulator/health`)).ok, 45_000);
  return {
    url,
    stripe: createStripeClient({ secretKey, apiBase: url, nodeEnv: 'test' }),
    stripeSettings: {
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_API_BASE: door.url,
      STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
      STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
      STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
      STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
    },
    setWeather: door.setWeather,
    before: door.before,
    requests: door.requests,
    pay: (sessionUrl, card = '4242424242424242') =>
      fetch(sessionUrl, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ card_number: card, exp: '12/34', cvc: '123' }),
      }),
    async stop() {
      await door.close();
      await reaper.close();
    },
  };
}

/** Stripe names another object by its id, or holds it whole where it was expanded. */
export function idOf(reference: string | { id: string } | null | undefined): string {
  if (reference === null || reference === undefined) throw new Error('Stripe names nothing here');
  return typeof reference === 'string' ? reference : reference.id;
}

async function startDoor(port: number) {
  let weather: Weather = 'clear';
  let only = /./;
  let hook: { only: RegExp; action: () => Promise<unknown> } | undefined;
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const call = `${incoming.method ?? ''} ${incoming.url ?? ''}`;
    requests.push(call);
    const now = only.test(call) ? weather : 'clear';
    if (now === 'hanging') return;
    if (now === 'failing') return fail(outgoing, 500);
    if (now === 'other_mode') return answerOfOtherMode(outgoing);
    if (now === 'first_answer_lost' || now === 'first_refused') weather = 'clear';
    if (now === 'first_refused') return fail(outgoing, 429);
    const isLost = now === 'answers_lost' || now === 'first_answer_lost';
    const pass = (): void => passOn(port, incoming, outgoing, isLost);
    if (hook?.only.test(call) !== true) return pass();
    const { action } = hook;
    hook = undefined;
    action().then(pass, (error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the door has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    setWeather: (next: Weather, onlyFor = /./): void => {
      weather = next;
      only = onlyFor;
    },
    before: (only: RegExp, action: () => Promise<unknown>): void => {
      hook = { only, action };
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function fail(outgoing: ServerResponse, status: 429 | 500): void {
  const error = { type: 'api_error', message: 'Something went wrong on our end.' };
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}

/** As Stripe words it. */
function answerOfOtherMode(outgoing: ServerResponse): void {
  const message =
    "No such customer: 'cus_1'; a similar object exists in live mode, but a test mode key was used to make this request.";
  const error = { type: 'invalid_request_error', code: 'resource_missing', param: 'customer', message };
  outgoing.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}

function passOn(port: number, incoming: IncomingMessage, outgoing: ServerResponse, isLost: boolean): void {
  const { method, url: path, headers } = incoming;
  const passed = forward({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    if (isLost) {
      answer.resume().once('end', () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  passed.once('error', () => outgoing.destroy());
  incoming.pipe(passed);
}
