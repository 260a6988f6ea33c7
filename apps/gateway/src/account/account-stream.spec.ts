import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import { accountAnswer } from './account-answer.js';
import type { AccountAnswer } from './account-answer.js';
import { accountFrame, toLastVersion } from './account-frame.js';
import { AccountStream } from './account-stream.js';

const now = Date.parse('2026-11-10T12:00:00.000Z');
const pendingResume = {
  kind: 'resume',
  subscriptionId: 'sub_sample',
  plan: null,
  endsAt: null,
  requestedAt: new Date(now),
} as const;

function anAnswer(version: number, isPending = false): AccountAnswer {
  const account = { ...samples['billing.account.changed'], version };
  const { subscription } = account;
  const ending = { ...account, subscription: subscription && { ...subscription, will_renew: false } };
  return accountAnswer(isPending ? ending : account, isPending ? pendingResume : null, new Date(now));
}

/** What has been written, to somebody who is as slow as the test says. */
function aBrowser({ lastVersion = null as number | null, expiresAt = Infinity } = {}) {
  const written: string[] = [];
  const state = { isSlow: false, end: null as 'ended' | 'destroyed' | null };
  const sink = {
    write: (text: string) => {
      written.push(text);
      return !state.isSlow;
    },
    end: (text: string) => {
      written.push(text);
      state.end = 'ended';
    },
    destroy: () => {
      state.end = 'destroyed';
    },
  };
  return { written, state, stream: new AccountStream('user-1', expiresAt, sink, { lastVersion, now }) };
}

describe('a stream of an account', () => {
  it('tells the account at once, and each version once', () => {
    const { stream, written } = aBrowser();
    for (const version of [3, 3, 4]) stream.offer(anAnswer(version), now);
    expect(written).toEqual([accountFrame(anAnswer(3)), accountFrame(anAnswer(4))]);
    expect(written[0]).toMatch(/^event: account\nid: 3\ndata: \{"user_id":.*\}\n\n$/);
  });

  it('goes on from the version that the browser has heard of', () => {
    const { stream, written } = aBrowser({ lastVersion: 3 });
    stream.offer(anAnswer(3), now);
    expect(written).toEqual([]);
    stream.offer(anAnswer(4), now);
    expect(written).toEqual([accountFrame(anAnswer(4))]);
  });

  it('tells a change that is pending, and its end, though the version is the same', () => {
    const { stream, written } = aBrowser({ lastVersion: 3 });
    stream.offer(anAnswer(3, true), now);
    stream.offer(anAnswer(3), now);
    expect(written).toEqual([accountFrame(anAnswer(3, true)), accountFrame(anAnswer(3))]);
  });

  it('queues nothing for a browser that is slow, and tells the newest once it has caught up', () => {
    const { stream, written, state } = aBrowser();
    state.isSlow = true;
    for (const version of [1, 2, 3]) stream.offer(anAnswer(version), now);
    expect(written).toEqual([accountFrame(anAnswer(1))]);
    state.isSlow = false;
    expect(stream.catchUp()).toBe(true);
    stream.offer(anAnswer(3), now);
    expect(written).toEqual([accountFrame(anAnswer(1)), accountFrame(anAnswer(3))]);
    expect(stream.catchUp()).toBe(false);
  });

  it('says something every fifteen seconds, to whoever is not slow', () => {
    const { stream, written, state } = aBrowser();
    stream.tick(now + 14_999);
    expect(written).toEqual([]);
    stream.tick(now + 15_000);
    stream.tick(now + 16_000);
    expect(written).toEqual([':\n\n']);
    expect(state.end).toBeNull();
  });

  it('lets go of a browser that has read nothing for half a minute', () => {
    const { stream, state } = aBrowser();
    state.isSlow = true;
    stream.offer(anAnswer(1), now);
    stream.tick(now + 29_999);
    expect(state.end).toBeNull();
    stream.tick(now + 30_000);
    expect(state.end).toBe('destroyed');
  });

  it('ends with its token', () => {
    const { stream, state } = aBrowser({ expiresAt: now + 1_000 });
    stream.tick(now + 999);
    expect(state.end).toBeNull();
    stream.tick(now + 1_000);
    expect(state.end).toBe('ended');
  });

  it('says at the stop when to come back', () => {
    const { stream, written } = aBrowser();
    stream.end(1_234);
    expect(written).toEqual(['retry: 1234\n\n']);
  });
});

test.each([
  ['17', 17],
  ['', null],
  ['-1', null],
  ['1e3', null],
  ['99999999999999999999', null],
  [['1', '2'], null],
  [undefined, null],
])('a Last-Event-ID of %j is the version %j', (value, version) => {
  expect(toLastVersion(value)).toBe(version);
});
