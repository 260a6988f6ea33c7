import type { RunningService } from '@billhook/runtime';
import { aStripeEvent, aSubscription, createTestBroker, signStripe, waitFor } from '@billhook/testing';
import type { TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliver, newSecret, oldSecret, readiness, startIngress } from './running-ingress.spec-support.js';
import { SigningSecrets } from './signing-secrets.file.js';

let broker: TestBroker;
let folder: string;
let file: string;
let ingress: RunningService;

beforeAll(async () => {
  broker = await createTestBroker();
});
afterAll(() => broker?.drop());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'billhook-secrets-'));
  file = join(folder, 'secret');
  writeFileSync(file, `${oldSecret}\n`);
  ingress = await startIngress(broker.url, { STRIPE_WEBHOOK_SECRET_FILE: file });
});

afterEach(async () => {
  await ingress?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const inForce = (): readonly string[] => ingress.app.get(SigningSecrets).current();
const untilInForce = (...secrets: string[]): Promise<unknown> =>
  waitFor(`${secrets.length} secrets in force`, () => inForce().join() === secrets.join());
const anEvent = (): string => JSON.stringify(aStripeEvent('customer.subscription.updated', aSubscription()));

async function statusSignedWith(secret: string): Promise<number> {
  const body = anEvent();
  return (await deliver(ingress.url, body, { 'stripe-signature': signStripe(body, secret) })).status;
}

/** Deliveries at 200/s, signed with whatever secrets Stripe has at that moment, until it is stopped. */
function stripeDelivering(secrets: () => readonly string[]): { sent: () => number; stop: () => Promise<number[]> } {
  const answers: Promise<number>[] = [];
  const timer = setInterval(() => {
    const body = anEvent();
    const header = secrets().map((secret, index) => {
      const signature = signStripe(body, secret);
      return index === 0 ? signature : signature.slice(signature.indexOf('v1='));
    });
    answers.push(deliver(ingress.url, body, { 'stripe-signature': header.join(',') }).then(({ status }) => status));
  }, 5);
  return {
    sent: () => answers.length,
    stop: () => {
      clearInterval(timer);
      return Promise.all(answers);
    },
  };
}

describe('signing secrets from a file', () => {
  it('F18: are rotated under 200 deliveries a second without a single refusal', async () => {
    let signing: readonly string[] = [oldSecret];
    const stripe = stripeDelivering(() => signing);
    writeFileSync(file, `${newSecret}\n${oldSecret}\n`);
    await untilInForce(newSecret, oldSecret);
    signing = [newSecret, oldSecret];
    expect(await statusSignedWith(oldSecret)).toBe(200);
    signing = [newSecret];
    expect(await statusSignedWith(newSecret)).toBe(200);
    writeFileSync(file, newSecret);
    await untilInForce(newSecret);
    expect(await statusSignedWith(newSecret)).toBe(200);
    await waitFor('enough of them', () => stripe.sent() > 100);
    const answers = await stripe.stop();
    expect(answers.filter((status) => status !== 200)).toEqual([]);
    expect(await statusSignedWith(oldSecret)).toBe(400);
  });

  it('F18: are followed through a symbolic link that is swapped, as Kubernetes does', async () => {
    const [before, after] = [join(folder, 'before'), join(folder, 'after')];
    writeFileSync(before, oldSecret);
    writeFileSync(after, newSecret);
    unlinkSync(file);
    symlinkSync(before, file);
    symlinkSync(after, `${file}.next`);
    renameSync(`${file}.next`, file);
    await untilInForce(newSecret);
    expect(await statusSignedWith(newSecret)).toBe(200);
  });

  it('are in force within a second of a change, and at once on SIGHUP', async () => {
    let begin = performance.now();
    writeFileSync(file, newSecret);
    await untilInForce(newSecret);
    // The promise is one second; the rest is for a machine that is busy with other specs.
    expect(performance.now() - begin).toBeLessThan(2_000);
    begin = performance.now();
    writeFileSync(file, oldSecret);
    process.emit('SIGHUP', 'SIGHUP');
    await untilInForce(oldSecret);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  it.each([
    ['is gone', () => unlinkSync(file), 'cannot be read (ENOENT)'],
    ['is empty', () => writeFileSync(file, ''), 'holds no signing secret'],
    ['is half written', () => writeFileSync(file, `${newSecret}\nwhsec`), 'do not begin with whsec_'],
    ['holds something else', () => writeFileSync(file, 'sk_test_made_up'), 'do not begin with whsec_'],
  ])('stay in force, visibly, while the file %s', async (_, spoil, problem) => {
    spoil();
    const told = await waitFor('the trouble to be told', async () => {
      const { status, text } = await readiness(ingress);
      return text.includes(problem) && { status, text };
    });
    expect(told.status).toBe(200);
    expect(told.text).not.toContain('made_up');
    const metrics = await (await fetch(`${ingress.managementUrl}/metrics`)).text();
    expect(metrics).toContain('billhook_ingress_signing_secrets_stale 1');
    expect(metrics).not.toContain(oldSecret);
    expect(inForce()).toEqual([oldSecret]);
    expect(await statusSignedWith(oldSecret)).toBe(200);
    writeFileSync(file, newSecret);
    await untilInForce(newSecret);
    expect((await readiness(ingress)).text).not.toContain('STRIPE_WEBHOOK_SECRET_FILE');
  });
});
