import { aStripeEvent, infrastructureOfThisRun, launchBrowser, signStripe, visit, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { startSystem } from '../demo/src/start-system.process.js';
import type { StartedSystem } from '../demo/src/start-system.process.js';
import { StoryWorld } from '../demo/src/story-world.client.js';

/** An invoice that says nothing but its id is no invoice: no version of Stripe sends one, and the subscription service parks it. */
const poison = ['evt_console_one', 'evt_console_two', 'evt_console_three'].map((id) =>
  aStripeEvent('invoice.paid', { id: `in_${id}`, object: 'invoice' }, { id }),
);
const replays = z.object({ data: z.array(z.object({ data: z.record(z.string(), z.unknown()) })) });

let started: StartedSystem;
let world: StoryWorld;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [started, browser] = await Promise.all([
    startSystem({ infrastructure: infrastructureOfThisRun(), say: () => undefined }),
    launchBrowser(),
  ]);
  world = new StoryWorld(started.system);
  for (const event of poison) await deliver(JSON.stringify(event));
  await waitFor('the parking', async () => {
    const answer = await world.asOps(`${started.system.subscriptionUrl}/v1/events?status=parked`);
    return z.object({ data: z.array(z.unknown()) }).parse(await answer.json()).data.length === poison.length;
  });
  const url = started.system.auditUrl;
  const value = await world.tokenFor({ sub: 'olive', roles: ['user', 'ops'] });
  ({ page } = await visit(browser, { scheme: 'dark', width: 'desktop' }, { name: 'billhook_session', value, url }));
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await started?.stop();
});

async function deliver(body: string): Promise<void> {
  const signature = signStripe(body, started.system.webhookSecret);
  const response = await fetch(`${started.system.ingressUrl}/webhook/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': signature, 'content-type': 'application/json' },
    body,
  });
  expect(response.status).toBe(200);
}

/** What the trail says of replays, once it says it of so many. */
function replayed(count: number): Promise<Record<string, unknown>[]> {
  return waitFor(`${count} replays in the trail`, async () => {
    const answer = await world.asOps(`${started.system.auditUrl}/v1/entries?type=billing.event.replayed`);
    const { data } = replays.parse(await answer.json());
    return data.length === count && data.map((entry) => entry.data);
  });
}

it('leads an operator through the sign-in page to the console', async () => {
  const { context, page: fresh } = await visit(browser, { scheme: 'dark', width: 'desktop' });
  await fresh.goto(`${started.system.auditUrl}/console?type=billing.*`);
  await fresh.locator('form', { hasText: 'Olive' }).getByRole('button').click();
  await fresh.waitForURL(/\/console\?type=billing/);
  await fresh.getByRole('heading', { name: 'Entries, newest first' }).waitFor();
  await context.close();
});

describe('the console and the subscription service', () => {
  it('show what is parked, why, and all that came', async () => {
    await page.goto(`${started.system.auditUrl}/console/parked`);
    expect(await page.getByRole('listitem').first().innerText()).toContain(`${poison.length}, the oldest of`);
    await page.getByRole('listitem').filter({ hasText: 'evt_console_two' }).getByRole('link').click();
    await page.getByText('"id": "in_evt_console_two"').waitFor();
  });

  it('replay one with a reason, and the trail says who, why and what came of it', async () => {
    await page.getByRole('link', { name: 'Replay this event …' }).click();
    await page.getByText('1 event would be replayed, oldest first.').waitFor();
    await page.getByLabel('Why').fill('one of them first');
    await page.getByRole('button', { name: 'Replay' }).click();
    // It cannot be applied today either, and nobody is told otherwise.
    await page.getByText('1 replayed, 0 of them done with.').waitFor();
    const [entry] = await replayed(1);
    expect(entry).toMatchObject({
      event_id: 'evt_console_two',
      outcome_before: 'parked',
      outcome_after: 'parked',
      note: 'one of them first',
    });
  });

  it('replay all that are parked for a reason', async () => {
    await page.goto(`${started.system.auditUrl}/console/parked`);
    await page.getByRole('link', { name: 'Replay these …' }).click();
    await page.getByText(`${poison.length} events would be replayed, oldest first.`).waitFor();
    await page.getByLabel('Why').fill('a rule was mended');
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText(`${poison.length} replayed, 0 of them done with.`).waitFor();
    const notes = (await replayed(1 + poison.length)).map(({ note }) => note);
    expect(notes.filter((note) => note === 'a rule was mended')).toHaveLength(poison.length);
  });
});
