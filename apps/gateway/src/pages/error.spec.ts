import { describe, expect, it, test } from '@jest/globals';
import { problemFor, Refused, Retryable } from '@billhook/runtime';
import { errorPage } from './error.page.js';

describe('an error page', () => {
  test.each([
    ['rate_limited', 'Wait a minute, then go on.'],
    ['stripe_unavailable', 'a second try never charges twice'],
    ['stripe_refused', 'Nothing was changed. Try again, or choose something else.'],
    ['account_erased', 'You are signed out here.'],
    ['role_missing', 'This page is not for your account.'],
    ['origin_not_allowed', 'Open the page here and use its own button.'],
  ] as const)('speaks of %s to people and not to programs', (code, words) => {
    const page = errorPage(problemFor(new Refused(code), 'req-1'), null);
    expect(page).toContain(words);
    expect(page).not.toMatch(/Retry-After|CORS_ORIGINS|claim|\/v1\//);
  });

  it('leads back, and once more to what may succeed now', () => {
    const again = 'http://localhost:3000/create-checkout?tier=1&billing_cycle=monthly';
    const page = errorPage(problemFor(new Retryable('stripe_unavailable'), undefined), again);
    const ways = [...page.matchAll(/class="button [a-z]+" href="([^"]+)"/g)].map(([, href]) => href);
    expect(ways).toEqual([again.replace('&', '&amp;'), '/pricing', '/profile']);
    expect(errorPage(problemFor(new Refused('not_found'), undefined), null)).not.toContain('Try again');
  });
});
