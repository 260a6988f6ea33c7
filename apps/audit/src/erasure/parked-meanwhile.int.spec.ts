import { DeadLetters } from '@billhook/messaging';
import type { IsOfErased } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { consumerName } from '../append/consumer-name.js';
import { aDomainEvent, openTrail } from '../trail.spec-support.js';
import type { Trail } from '../trail.spec-support.js';
import { Erasures } from './erasures.store.js';

const erasures = new Erasures();
const canary = 'canary@example.test';

describe('F69: a dead letter that is parked while its person is being erased', () => {
  let trail: Trail;

  beforeAll(async () => {
    trail = await openTrail();
  });
  afterAll(() => trail?.close());

  function deadLetters(isOfErased: IsOfErased): DeadLetters {
    return new DeadLetters({ dataSource: trail.dataSource, consumer: consumerName, isOfErased });
  }

  function letterOf(userId: string) {
    const data = { user_id: userId, email: canary };
    const { attributes, body } = aDomainEvent({ type: 'billing.account.opened', data });
    const { id, type } = attributes;
    return {
      kind: 'event' as const,
      id,
      type,
      reason: 'dead_letter: unknown',
      headers: JSON.stringify(attributes),
      body,
    };
  }

  function erase(userId: string, meanwhile: () => Promise<void>): Promise<void> {
    const data = { user_id: userId, request_id: randomUUID(), reason: 'ticket 4711' };
    return trail.dataSource.transaction(async (manager) => {
      await erasures.waitForParking(manager);
      await erasures.carryOut(manager, { eventId: randomUUID(), data }, new Date());
      await meanwhile();
    });
  }

  /** Once one of the two has come to its end, or waits for the other. */
  async function untilSettledOrWaiting(work: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    // How it ended is met where it is awaited.
    void work.then(over, over);
    await waitFor('it to end or to wait', async () => isOver || (await isSomebodyWaiting()));
  }

  async function isSomebodyWaiting(): Promise<boolean> {
    const rows = await trail.asSuperuser(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rows.length > 0;
  }

  const kept = (id: string) =>
    trail.asSuperuser('SELECT headers, body, reason FROM audit.parked_event WHERE event_id = $1', [id]);
  const head = { headers: null, body: null, reason: 'redacted' };

  it('keeps its head alone when the erasure has looked through what is parked already', async () => {
    const letter = letterOf('first-erased');
    const carriedOut = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const erasing = erase('first-erased', () => {
      carriedOut.resolve();
      return mayCommit.promise;
    });
    await carriedOut.promise;
    const parking = deadLetters((manager, mentions) => erasures.isOfErased(manager, mentions)).park(letter);
    await untilSettledOrWaiting(parking);
    mayCommit.resolve();
    await Promise.all([erasing, parking]);
    expect(await kept(letter.id)).toEqual([head]);
  });

  it('is found by the erasure when it has asked for tombstones already', async () => {
    const letter = letterOf('first-parked');
    const asked = Promise.withResolvers<void>();
    const mayPark = Promise.withResolvers<void>();
    const parking = deadLetters(async (manager, mentions) => {
      const isOfErased = await erasures.isOfErased(manager, mentions);
      asked.resolve();
      await mayPark.promise;
      return isOfErased;
    }).park(letter);
    await asked.promise;
    const erasing = erase('first-parked', () => Promise.resolve());
    await untilSettledOrWaiting(erasing);
    mayPark.resolve();
    await Promise.all([erasing, parking]);
    expect(await kept(letter.id)).toEqual([head]);
  });
});
