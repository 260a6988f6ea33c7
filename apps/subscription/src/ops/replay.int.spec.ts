import type { RunningService } from '@billhook/runtime';
import { waitFor } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;
let service: RunningService;
let stories = 0;
let story: CustomerStory;

beforeAll(async () => {
  world = await World.create();
  service = await world.start();
});
afterAll(async () => {
  await world?.end();
});
beforeEach(() => {
  stories += 1;
  story = new CustomerStory(`replay${stories}`);
});

const note = 'mended the reading of items';
const replay = (filter: object, more: object = {}) =>
  world.order(service, '/v1/events/replay', { filter, dry_run: false, note, ...more });
const dryRun = (filter: object, more: object = {}) =>
  world.order(service, '/v1/events/replay', { filter, dry_run: true, ...more });

/** An event that was parked as unreadable by a mistake of ours: its kept bytes are mended, as a new version would read them. */
async function aMendedEvent(): Promise<StripeEventBody> {
  const broken = story.event('customer.subscription.created', { ...story.subscription(), items: null }, 0);
  await world.publish(broken);
  expect(await world.outcomesOf(broken.id)).toEqual(['parked unreadable: data.object.items']);
  const mended = { ...broken, data: { ...broken.data, object: story.subscription() } };
  await world.query('UPDATE parked_event SET body = $2 WHERE event_id = $1', [
    broken.id,
    Buffer.from(JSON.stringify(mended)),
  ]);
  return broken;
}

/** Publishes events, waits for their outcomes, and answers these. */
async function settled(...events: StripeEventBody[]): Promise<string[]> {
  await world.publish(...events);
  return world.outcomesOf(...events.map(({ id }) => id));
}

describe('a replay of a parked event (no replay or dead-letter tooling)', () => {
  it('releases it, and says in the trail who did it and why', async () => {
    const { id } = await aMendedEvent();
    expect(await replay({ ids: [id] })).toEqual({
      status: 200,
      body: { dry_run: false, matched: 1, replayed: 1, outcomes: { applied: 1 }, remaining: 0, next_cursor: null },
    });
    expect(await world.outcomesOf(id)).toEqual(['applied']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1, version: 1 });
    expect(await world.query('SELECT FROM parked_event WHERE event_id = $1', [id])).toEqual([]);
    expect(await world.query('SELECT FROM raw_event WHERE event_id = $1', [id])).toHaveLength(1);
    expect(await world.told('billing.account.changed', story.userId)).toMatchObject([{ version: 1 }]);
    expect(await world.told('billing.event.replayed', id)).toEqual([
      {
        event_id: id,
        event_type: 'stripe.customer.subscription.created',
        outcome_before: 'parked',
        outcome_after: 'applied',
        reason: null,
        note,
      },
    ]);
    const told = world.tapped.filter(({ attributes }) => attributes['subject'] === id).at(-1);
    expect(told?.attributes).toMatchObject({
      actor: 'ops:somebody',
      requestid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('has one effect when two ask for it at once', async () => {
    const { id } = await aMendedEvent();
    const answers = await Promise.all(Array.from({ length: 4 }, () => replay({ ids: [id] })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await world.outcomesOf(id)).toEqual(['applied']);
    expect(await world.told('billing.account.changed', story.userId)).toMatchObject([{ version: 1 }]);
    expect(await world.told('billing.subscription.started', story.userId)).toHaveLength(1);
  });

  it('parks it again, with its bytes, when it still cannot be read or its customer is still unknown', async () => {
    const stranger = new CustomerStory(`${story.name}_stranger`, {});
    const unreadable = story.event('customer.subscription.created', { ...story.subscription(), items: null }, 0);
    const unknown = stranger.created();
    const before = await settled(unreadable, unknown);
    expect((await replay({ ids: [unreadable.id, unknown.id] })).body).toMatchObject({
      replayed: 2,
      outcomes: { parked: 2 },
    });
    expect(await world.outcomesOf(unreadable.id, unknown.id)).toEqual(before);
    const kept = await world.query<{ body: Buffer; key: string | null }>(
      'SELECT body, key FROM parked_event WHERE event_id = ANY($1) ORDER BY key NULLS FIRST',
      [[unreadable.id, unknown.id]],
    );
    expect(kept.map(({ key }) => key)).toEqual([null, stranger.customerId]);
    expect(kept.map(({ body }) => body.toString())).toEqual(
      [unreadable, unknown].map((event) => JSON.stringify(event)),
    );
  });

  it('parks it again with the new reason when it fails by itself', async () => {
    const { id } = await aMendedEvent();
    const impossible = story.invoice('payment_failed', { attempt_count: 3_000_000_000 });
    await world.query('UPDATE parked_event SET body = $2 WHERE event_id = $1', [
      id,
      Buffer.from(JSON.stringify({ ...impossible, id })),
    ]);
    expect(await replay({ ids: [id] })).toMatchObject({ status: 200, body: { outcomes: { parked: 1 } } });
    expect(await world.outcomesOf(id)).toEqual([expect.stringMatching(/^parked failed_22003: .*out of range/)]);
    expect(await world.told('billing.event.replayed', id)).toMatchObject([
      { outcome_before: 'parked', outcome_after: 'parked', reason: expect.stringContaining('out of range') },
    ]);
  });
});

describe('a replay of what was settled', () => {
  it('changes nothing and announces nothing of an applied event, in whatever order', async () => {
    const elite = story.onPrice('price_elite_monthly');
    const events = [
      story.created(),
      story.updated(5, elite, { items: story.subscription().items }),
      story.invoice('paid'),
    ];
    expect(await settled(...events)).toEqual(['applied', 'applied', 'applied']);
    const before = [await world.accountOf(story.userId), await world.typesToldOf(story.userId)];
    for (const { id } of [...events].reverse()) {
      expect((await replay({ ids: [id] })).body).toMatchObject({ outcomes: { applied: 1 } });
    }
    expect((await replay({ ids: events.map(({ id }) => id) })).body).toMatchObject({ outcomes: { applied: 3 } });
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual(['applied', 'applied', 'applied']);
    expect([await world.accountOf(story.userId), await world.typesToldOf(story.userId)]).toEqual(before);
    for (const { id } of events) {
      expect(await world.query('SELECT FROM raw_event WHERE event_id = $1', [id])).toHaveLength(1);
      expect(await world.told('billing.event.replayed', id)).toHaveLength(2);
    }
  });

  it('applies an ignored event that is read rightly by now, and tells of it under ids of its own', async () => {
    const created = story.created();
    expect(await settled(created)).toEqual(['applied']);
    // As if it had been misread the first time: it was ignored, and the state it carries was never kept.
    await world.query(`UPDATE inbox SET outcome = 'ignored', reason = 'not_relevant' WHERE event_id = $1`, [
      created.id,
    ]);
    await world.query('DELETE FROM subscription WHERE subscription_id = $1', [story.subscriptionId]);
    expect((await replay({ status: 'ignored', reason: 'not_relevant' })).body).toMatchObject({
      matched: 1,
      outcomes: { applied: 1 },
    });
    expect(await world.outcomesOf(created.id)).toEqual(['applied']);
    await world.told('billing.subscription.started', story.userId);
    const told = world.tapped.filter(({ routingKey }) => routingKey === 'billing.subscription.started');
    const ids = told
      .filter(({ attributes }) => attributes['subject'] === story.userId)
      .map(({ attributes }) => attributes['id']);
    expect(new Set(ids).size).toBe(2);
  });

  it('skips what was redacted, and what was never seen', async () => {
    const created = story.created();
    await settled(created);
    await world.query('UPDATE raw_event SET headers = NULL, body = NULL WHERE event_id = $1', [created.id]);
    expect((await replay({ ids: [created.id, 'evt_never'] })).body).toEqual({
      dry_run: false,
      matched: 1,
      replayed: 0,
      outcomes: { redacted: 1, not_found: 1 },
      remaining: 0,
      next_cursor: null,
    });
    expect(await world.told('billing.event.replayed', created.id)).toEqual([]);
  });
});

describe('a selection', () => {
  it('is shown by a dry run, which changes nothing, and replayed oldest first, page after page', async () => {
    const strangers = Array.from({ length: 5 }, (_, index) => new CustomerStory(`${story.name}_${index}`, {}));
    const events = strangers.map((stranger) => stranger.created());
    await settled(...events);
    const ids = events.map(({ id }) => id);
    const [oldest] = await world.query<{ recorded_at: Date }>(
      'SELECT min(recorded_at) AS recorded_at FROM inbox WHERE event_id = ANY($1)',
      [ids],
    );
    const filter = { status: 'parked', reason: 'unknown_customer', since: oldest?.recorded_at.toISOString() };
    expect((await dryRun(filter, { limit: 2 })).body).toMatchObject({
      dry_run: true,
      matched: 5,
      would_replay: 2,
      groups: [{ status: 'parked', reason: 'unknown_customer', count: 5 }],
      not_found: 0,
    });
    expect(await world.told('billing.event.replayed', ids[0] ?? '')).toEqual([]);
    const first = Object((await replay(filter, { limit: 3 })).body);
    expect(first).toMatchObject({ matched: 5, replayed: 3, remaining: 2, next_cursor: expect.any(String) });
    expect((await replay(filter, { limit: 3, cursor: first.next_cursor })).body).toMatchObject({
      matched: 2,
      replayed: 2,
      remaining: 0,
      next_cursor: null,
    });
    for (const id of ids) expect(await world.told('billing.event.replayed', id)).toHaveLength(1);
  });

  test.each([
    [{ filter: {}, dry_run: true }, 'filter must hold at least one of ids, status, reason, type, since'],
    [{ dry_run: true }, 'filter must be an object with ids, or with any of status, reason, type and since'],
    [
      { filter: 'all', dry_run: true },
      'filter must be an object with ids, or with any of status, reason, type and since',
    ],
    [{ filter: [], dry_run: true }, 'filter must be an object with ids, or with any of status, reason, type and since'],
    [{ filter: { status: 'lost' }, dry_run: true }, 'status must be one of applied, ignored, parked, retrying'],
    [{ filter: { ids: [] }, dry_run: true }, 'filter.ids must be a list of 1 to 1000 event ids'],
    [{ filter: { ids: ['a\0'] }, dry_run: true }, 'filter.ids must be event ids of 1 to 255 characters'],
    [{ filter: { since: 'yesterday' }, dry_run: true }, expect.stringContaining('since must be an ISO 8601')],
    [{ filter: { status: 'parked' } }, 'dry_run must be true or false'],
    [{ filter: { status: 'parked' }, dry_run: false }, 'note is required: say why, for the audit trail'],
    [{ filter: { status: 'parked' }, dry_run: false, note: '  ' }, expect.stringContaining('note must be one line')],
    [{ filter: { status: 'parked' }, dry_run: true, limit: 1001 }, 'limit must be a whole number from 1 to 1000'],
    [{ filter: { status: 'parked' }, dry_run: true, cursor: 'bm9uZQ' }, expect.stringContaining('cursor must be')],
    [{ filter: { user: 'x' }, dry_run: true }, expect.stringContaining('there is no user here')],
    ['[', undefined],
  ])('refuses %j', async (request, detail) => {
    const { status, body } = await world.order(service, '/v1/events/replay', request);
    expect([status, body]).toMatchObject([400, { code: 'request_invalid', ...(detail !== undefined && { detail }) }]);
  });
});

describe('one event', () => {
  it('is shown with its attributes, what became of it, and its exact bytes', async () => {
    const event = story.event('price.updated', { id: 'price_1', metadata: { note: 'a\0b \ud800 ünïcode' } }, 0);
    await settled(event);
    const bytes = Buffer.from(JSON.stringify(event));
    const { body } = await world.ops(service, `/v1/events/${event.id}`);
    expect(body).toEqual({
      id: event.id,
      type: 'stripe.price.updated',
      status: 'ignored',
      reason: 'not_relevant',
      recorded_at: expect.stringMatching(/Z$/),
      attempts: 0,
      parked_at: null,
      retry_at: null,
      attributes: fromStripe(event).attributes,
      body: {
        size: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        base64: bytes.toString('base64'),
        json: JSON.parse(bytes.toString()),
      },
    });
  });

  it('that failed is shown as retrying with its next try, and its body as it is though it is not JSON', async () => {
    const impossible = story.invoice('payment_failed', { attempt_count: 3_000_000_000 });
    const notJson = { attributes: fromStripe(story.created()).attributes, body: Buffer.from([0xff, 0x00]) };
    await world.publish(impossible, notJson);
    const failed = await waitFor('its failure', async () => {
      const { status, body } = await world.ops(service, `/v1/events/${impossible.id}`);
      return status === 200 && body;
    });
    expect(failed).toMatchObject({ reason: expect.stringMatching(/^failed_22003: /), attempts: expect.any(Number) });
    expect(['retrying', 'parked']).toContain(Reflect.get(Object(failed), 'status'));
    await world.outcomesOf(notJson.attributes.id);
    const { body } = await world.ops(service, `/v1/events/${notJson.attributes.id}`);
    expect(body).toMatchObject({ status: 'parked', reason: 'unreadable: not JSON', body: { size: 2, base64: '/wA=' } });
    expect(Reflect.get(Object(body), 'body')).not.toHaveProperty('json');
  });

  it('that never came in is not found', async () => {
    expect(await world.ops(service, '/v1/events/evt_never')).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect(await world.ops(service, '/v1/events/%00')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('and all of the last days are counted in the summary, which says since when', async () => {
    const { body } = await world.ops(service, '/v1/events/summary');
    expect(body).toMatchObject({
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      counts: { applied: expect.any(Number), ignored: expect.any(Number), parked: expect.any(Number) },
      groups: expect.arrayContaining([
        expect.objectContaining({ status: 'parked', reason: 'unknown_customer', oldest: expect.stringMatching(/Z$/) }),
      ]),
    });
  });

  it('and with a later beginning only what is not done with yet', async () => {
    const { status, body } = await world.ops(service, '/v1/events/summary?from=2999-01-01');
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ since: '2999-01-01T00:00:00.000Z', counts: expect.objectContaining({ applied: 0 }) }),
    ]);
    expect(body).toMatchObject({ groups: expect.arrayContaining([expect.objectContaining({ status: 'parked' })]) });
  });

  test.each(['GET /v1/events/summary', 'GET /v1/events/evt_1'])('%s is for ops only', async (line) => {
    const path = line.replace('GET ', '');
    expect(await world.ops(service, path, ['user'])).toMatchObject({ status: 403, body: { code: 'role_missing' } });
  });
});
