import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import { entitlementsAnswer, entityTagOf, isKnown } from './entitlements-answer.js';

const account = samples['billing.account.changed'];
const noon = new Date('2026-11-10T12:00:00.000Z');
const answer = entitlementsAnswer(account, noon);

describe('the tag of an answer', () => {
  it('stays while nothing has changed but the time', () => {
    expect(entityTagOf(entitlementsAnswer(account, new Date('2027-01-01T00:00:00.000Z')))).toBe(entityTagOf(answer));
  });

  it('changes with the version, the tier and what the tier allows', () => {
    const others = [
      { ...account, version: account.version + 1 },
      { ...account, tier: 2 as const },
      { ...account, entitlements: { ...account.entitlements, alerts_limit: 51 } },
      { ...account, user_id: 'user-2' },
    ];
    const tags = [account, ...others].map((each) => entityTagOf(entitlementsAnswer(each, noon)));
    expect(new Set(tags).size).toBe(tags.length);
  });
});

describe('If-None-Match', () => {
  const tag = entityTagOf(answer);
  const strong = tag.slice(2);
  test.each([
    [tag, true],
    [strong, true],
    [`"other", ${tag}`, true],
    ['*', true],
    ['"other"', false],
    ['', false],
    [undefined, false],
  ])('%s knows the answer: %s', (ifNoneMatch, expected) => {
    expect(isKnown(tag, ifNoneMatch)).toBe(expected);
  });
});
