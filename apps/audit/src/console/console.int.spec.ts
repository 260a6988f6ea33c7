import { launchBrowser, load, overflow, shoot, violations, visit, waitFor } from '@billhook/testing';
import type { Scheme, Visit, Width } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, aStripeDelivery, opened, tamper } from '../trail.spec-support.js';
import { Checkpoints } from '../checkpoints/checkpoint.store.js';

let audit: AuditUnderTest;
let browser: Browser;
let subscription: PretendSubscription;

const tierChange = aDomainEvent(
  {
    type: 'billing.tier.changed',
    data: {
      user_id: 'alice',
      from: 0,
      to: 1,
      reasons: [{ code: 'subscription_active', text: 'Subscription sub_sample is active on Pro.' }],
      at: '2026-11-23T09:00:00.000Z',
    },
  },
  { causeid: 'evt_paid' },
);
const hostile = opened('<script>alert(1)</script>');
const markup = '"><img src=x onerror=alert(1)>';
const everywhere = opened(`user ${markup}`, {
  id: `id ${markup}`,
  actor: `user:user ${markup}`,
  requestid: 'hostile',
  useragent: `agent ${markup}`,
  remoteaddress: '203.0.113.8',
});

beforeAll(async () => {
  [subscription, browser] = await Promise.all([startPretendSubscription(), launchBrowser()]);
  audit = await startAudit(undefined, subscription.url);
  await audit.append([
    opened('alice', { remoteaddress: '203.0.113.7' }),
    aStripeDelivery('customer.created', { id: 'cus_alice', object: 'customer' }, { id: 'evt_paid' }),
    tierChange,
    hostile,
  ]);
  const inAMinute = new Date(Date.now() + 61_000);
  await waitFor('a checkpoint', async () => (await audit.app.get(Checkpoints).signDue(inAMinute)) > 0);
});
afterAll(async () => {
  await browser.close();
  await audit.stop();
  await subscription.stop();
});

const desktop = { scheme: 'dark', width: 'desktop' } as const;

async function asOps(device: { scheme: Scheme; width: Width } = desktop): Promise<Visit> {
  const value = await audit.tokenFor(['user', 'ops']);
  return visit(browser, device, { name: 'billhook_session', value, url: audit.url });
}

/** A request by whoever holds a session of these roles, following no redirect. */
async function request(
  path: string,
  roles: string[] | null,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  const cookie = roles === null ? undefined : `billhook_session=${await audit.tokenFor(roles)}`;
  const headers = { ...(cookie !== undefined && { cookie }), ...init.headers };
  return fetch(audit.url + path, { ...init, headers, redirect: 'manual' });
}

const entryPath = `/console/entries/${tierChange.attributes.id}`;
const scenes = [
  { name: 'search', path: '/console', title: 'Search' },
  { name: 'search-empty', path: '/console?user_id=nobody', title: 'Search' },
  { name: 'search-wrong', path: '/console?ip=here&from=tomorrow', title: 'Please check: Search', status: 400 },
  { name: 'search-following', path: '/console?live=on&type=billing.*', title: 'Search' },
  { name: 'entry-verified', path: `${entryPath}?verify=on`, title: 'Entry 3' },
  { name: 'timeline', path: '/console/users/alice', title: 'Timeline of alice' },
  { name: 'timeline-empty', path: '/console/users/nobody', title: 'Timeline of nobody' },
  { name: 'chain-verified', path: '/console/chain?verify=all', title: 'Chain' },
  { name: 'parked', path: '/console/parked', title: 'Parked events' },
  { name: 'parked-event', path: '/console/parked/evt_poison', title: 'stripe.invoice.paid' },
  { name: 'replay', path: '/console/replay?reason=unreadable', title: 'Replay' },
  { name: 'not-found', path: '/console/entries/none', title: 'There is nothing here', status: 404 },
];

describe.each(['dark', 'light'] as const)('the console in the %s theme', (scheme) => {
  test.each(scenes)('shows $name whole and usable by everybody, on a desktop and at 320 px', async (scene) => {
    const { context, page, complaints } = await asOps({ scheme, width: 'desktop' });
    const loaded = await load(page, audit.url + scene.path);
    expect([loaded.status, await page.title()]).toEqual([scene.status ?? 200, `${scene.title} · Billhook`]);
    for (const width of [1440, 320]) {
      await page.setViewportSize({ width, height: 900 });
      await shoot(page, `console-${scene.name}-${scheme}-${width}`);
      expect(await overflow(page)).toBe(0);
      expect(await violations(page)).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('the console', () => {
  it('leads whoever has no session to the sign-in page, and back', async () => {
    const answer = await request('/console?type=stripe.*', null);
    const back = encodeURIComponent('http://127.0.0.1/console?type=stripe.*');
    expect(answer.status).toBe(303);
    expect(decodeURIComponent(answer.headers.get('location') ?? '')).toContain(decodeURIComponent(back));
  });

  it.each([
    '/console',
    entryPath,
    '/console/users/alice',
    '/console/chain',
    '/console/parked',
    '/console/export?format=csv',
  ])('shows nothing of %s to a user without the role ops', async (path) => {
    const answer = await request(path, ['user']);
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toContain('alice');
  });

  it('takes its cookie nowhere else: the API wants a token', async () => {
    expect((await request('/v1/entries', ['ops'])).status).toBe(401);
  });

  it.each([
    ['ip=here', '“IP address” must be an IPv4 or IPv6 address.'],
    ['from=tomorrow', '“Recorded from” must be an ISO 8601 date'],
    ['from=2026-11-02&to=2026-11-01', '“Recorded from” must be earlier than “Recorded before”.'],
  ])('says what is wrong with %s by the names of its fields', async (query, words) => {
    const answer = await request(`/console?${query}`, ['ops']);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(words)]);
  });

  it('leads from a search to an entry and its proof, with the keyboard alone', async () => {
    const { context, page } = await asOps();
    await page.goto(`${audit.url}/console`);
    await page.getByLabel('Type').fill('billing.tier.*');
    await page.keyboard.press('Enter');
    await page.waitForURL(/type=billing\.tier/);
    await page.getByRole('link', { name: 'billing.tier.changed' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Verify this entry' }).press('Enter');
    await page.getByText(/Entry 3 holds: the chain up to the checkpoint signed at entry \d+ is whole/).waitFor();
    await page.getByRole('link', { name: 'evt_paid' }).press('Enter');
    await page.getByRole('heading', { name: 'stripe.customer.created' }).waitFor();
    await context.close();
  });

  it('shows a user’s timeline as what led to what', async () => {
    const { context, page } = await asOps();
    await page.goto(`${audit.url}/console/users/alice`);
    const story = page.getByRole('listitem');
    expect(await story.filter({ hasText: 'billing.tier.changed' }).innerText()).toContain('0 → 1');
    expect(await story.filter({ hasText: 'stripe.customer.created' }).count()).toBe(1);
    await context.close();
  });

  it('shows an entry as it comes while it follows the trail, and hostile text as text', async () => {
    const { context, page, complaints } = await asOps();
    await page.goto(`${audit.url}/console?live=on&type=billing.account.opened`);
    await page.getByText('Following: new entries appear here.').waitFor();
    await audit.append([opened('<img src=x onerror=alert(1)>')]);
    await page.getByText('Following: 1 new entry.').waitFor();
    expect(await page.getByRole('listitem').first().innerText()).toContain('<img src=x onerror=alert(1)>');
    expect(await page.getByText('<script>alert(1)</script>').count()).toBe(1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('shows what is hostile as text on every page that has it', async () => {
    const { context, page, complaints } = await asOps();
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    await audit.append([
      everywhere,
      { ...everywhere, attributes: { ...everywhere.attributes, id: 'deep' }, body: Buffer.from(deep) },
      {
        ...everywhere,
        attributes: { ...everywhere.attributes, id: 'nul' },
        body: Buffer.from('{"a":"\\u0000\\ud800"}'),
      },
      {
        ...everywhere,
        attributes: { ...everywhere.attributes, id: 'not-utf8' },
        body: Buffer.from([0xff, 0x00, 0xfe]),
      },
    ]);
    const at = (path: string): string => audit.url + path;
    const shows: [string, string][] = [
      [at('/console?request_id=hostile'), `user ${markup}`],
      [at(`/console/entries/${encodeURIComponent(everywhere.attributes.id)}`), `agent ${markup}`],
      [at(`/console/entries/${encodeURIComponent(everywhere.attributes.id)}`), `user:user ${markup}`],
      [at(`/console/users/${encodeURIComponent(`user ${markup}`)}`), `Timeline of user ${markup}`],
      [at(`/console?q=${encodeURIComponent(markup)}`), 'Audit trail'],
      [at(`/console?ip=${encodeURIComponent(markup)}`), '“IP address” must be an IPv4 or IPv6 address'],
      [at(`/console/replay?reason=${encodeURIComponent(markup)}`), `Replay the events parked for ${markup}?`],
      [at('/console/parked/evt_hostile'), `reason ${markup}`],
      ...['deep', 'nul', 'not-utf8'].map((id): [string, string] => [at(`/console/entries/${id}`), 'Its hashes']),
    ];
    for (const [url, text] of shows) {
      await page.goto(url);
      expect([url, await page.locator('body').innerText()]).toEqual([url, expect.stringContaining(text)]);
      expect([url, await page.locator('img, [onerror]').count()]).toEqual([url, 0]);
      expect([url, await overflow(page)]).toEqual([url, 0]);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('exports what was searched for', async () => {
    const answer = await request('/console/export?format=ndjson&type=billing.tier.changed', ['ops']);
    expect(answer.headers.get('content-disposition')).toContain('audit-trail.ndjson');
    expect(await answer.text()).toContain('"complete":true,"entries":1');
  });

  it('leaves an entry for each look, with who looked', async () => {
    await request('/console/users/alice?limit=7', ['ops']);
    const [look] = await audit.entries('type=audit.trail.read&limit=1');
    expect(look?.data).toEqual({ what: 'timeline', request: '/console/users/alice?limit=7' });
  });

  it('replays what was counted before, with the reason and the operator’s own token', async () => {
    const { context, page } = await asOps();
    await page.goto(`${audit.url}/console/parked`);
    await page.getByRole('link', { name: 'Replay these …' }).click();
    await page.getByText('2 events would be replayed, oldest first.').waitFor();
    expect(subscription.orders.at(-1)?.['dry_run']).toBe(true);
    await page.getByLabel('Why').fill('the plan is known now');
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('2 replayed, 2 of them done with.').waitFor();
    await shoot(page, 'console-replayed');
    expect(subscription.orders.at(-1)).toMatchObject({
      filter: { status: 'parked', reason: 'unreadable' },
      note: 'the plan is known now',
      dry_run: false,
    });
    const looks = await audit.entries('type=audit.trail.read&limit=10');
    expect(looks.map(({ data }) => data)).toContainEqual({ what: 'console', request: '/console/replay' });
    await context.close();
  });

  it('replays nothing without a reason, or for a form that is not its own', async () => {
    const before = subscription.orders.filter((order) => order['dry_run'] === false).length;
    const foreign = await request('/console/replay', ['ops'], {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
      body: 'note=because',
    });
    const forged = await request('/console/replay', ['ops'], {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      body: 'note=because&form_token=made.1.up',
    });
    const { context, page } = await asOps();
    await page.goto(`${audit.url}/console/replay?id=evt_poison`);
    await page.getByLabel('Why').fill('   ');
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('Say why: it goes into the trail.').waitFor();
    await shoot(page, 'console-replay-without-reason');
    expect([foreign.status, forged.status]).toEqual([403, 403]);
    expect(subscription.orders.filter((order) => order['dry_run'] === false)).toHaveLength(before);
    await context.close();
  });

  it('says what to do when the subscription service is away', async () => {
    subscription.isAway = true;
    const answer = await request('/console/parked', ['ops']);
    subscription.isAway = false;
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('The subscription service did not answer');
  });

  it('says of an entry that it waits for its checkpoint, and of all up to where they are proved', async () => {
    const { context, page } = await asOps();
    const unsigned = opened('bob');
    await audit.append([unsigned]);
    await page.goto(`${audit.url}/console/entries/${unsigned.attributes.id}?verify=on`);
    await page.getByText(/fits the chain\. It waits for its checkpoint/).waitFor();
    await shoot(page, 'console-entry-waiting');
    await page.goto(`${audit.url}/console/chain`);
    await page.getByRole('link', { name: /Verify all/ }).click();
    await page.getByText(/\d+ entries hold; proved up to entry \d+\./).waitFor();
    await context.close();
  });

  // The last: what it does to the trail cannot be undone.
  it('says which entry does not hold, where one is verified and where all are', async () => {
    await tamper(audit.database.adminUrl, `UPDATE audit.entry SET content = content || ' ' WHERE seq = 3`);
    const { context, page } = await asOps();
    await page.goto(`${audit.url}${entryPath}?verify=on`);
    await page.getByRole('alert').filter({ hasText: 'The chain does not hold: entry 3 has been changed' }).waitFor();
    await shoot(page, 'console-entry-broken');
    await page.goto(`${audit.url}/console/chain?verify=all`);
    await page.getByRole('alert').filter({ hasText: 'Entry 3 has been changed' }).waitFor();
    await shoot(page, 'console-chain-broken');
    await context.close();
  });
});

interface PretendSubscription {
  url: string;
  orders: Record<string, unknown>[];
  isAway: boolean;
  stop(): Promise<void>;
}

const group = {
  status: 'parked',
  reason: 'unreadable',
  count: 2,
  oldest: '2026-11-23T09:00:00.000Z',
  newest: '2026-11-23T09:30:00.000Z',
};
const poison = {
  id: 'evt_poison',
  type: 'stripe.invoice.paid',
  status: 'parked',
  reason: 'unreadable',
  recorded_at: group.oldest,
};
const answers: Record<string, unknown> = {
  '/v1/events/summary': { since: group.oldest, counts: {}, groups: [group] },
  '/v1/events': { data: [poison], next_cursor: null },
  '/v1/events/evt_hostile': {
    ...poison,
    id: 'evt_hostile',
    type: `type ${markup}`,
    reason: `reason ${markup}`,
    attempts: 5,
    parked_at: group.newest,
    retry_at: null,
    attributes: { id: 'evt_hostile', source: `source ${markup}` },
    body: { size: 2, sha256: 'ab'.repeat(32), base64: 'e30=', json: { text: `body ${markup}` } },
  },
  '/v1/events/evt_poison': {
    ...poison,
    attempts: 5,
    parked_at: group.newest,
    retry_at: null,
    attributes: { id: 'evt_poison', source: 'stripe' },
    body: { size: 2, sha256: 'ab'.repeat(32), base64: 'e30=', json: {} },
  },
};

/** Answers as the subscription service does, whose own specs say what it makes of an order. */
async function startPretendSubscription(): Promise<PretendSubscription> {
  const orders: Record<string, unknown>[] = [];
  const pretend = { url: '', orders, isAway: false, stop: () => closed(server) };
  const server = createServer((incoming, response) => {
    void read(incoming).then((text) => {
      const path = (incoming.url ?? '').split('?')[0] ?? '';
      const isSigned = incoming.headers.authorization?.startsWith('Bearer ') === true;
      const status = pretend.isAway ? 503 : isSigned ? 200 : 401;
      const answer = path === '/v1/events/replay' ? replayed(text, orders) : answers[path];
      return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await waitFor('the pretend service', () => server.listening);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  pretend.url = `http://127.0.0.1:${address.port}`;
  return pretend;
}

async function read(incoming: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part);
  return Buffer.concat(parts).toString();
}

function replayed(text: string, orders: Record<string, unknown>[]): unknown {
  const order: Record<string, unknown> = { ...JSON.parse(text) };
  orders.push(order);
  if (order['dry_run'] === true) {
    return { dry_run: true, matched: 2, would_replay: 2, groups: [group], first_ids: ['evt_poison'], not_found: 0 };
  }
  return { dry_run: false, matched: 2, replayed: 2, outcomes: { applied: 2 }, remaining: 0, next_cursor: null };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}
