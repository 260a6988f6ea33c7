import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { returnAddress } from './return-address.js';

const own = 'https://billing.example.com';

describe('the way back after signing in', () => {
  test.each([
    ['/profile', '/profile'],
    ['/create-checkout?tier=1&billing_cycle=monthly', '/create-checkout?tier=1&billing_cycle=monthly'],
    ['/payment/success?session_id={CHECKOUT_SESSION_ID}', '/payment/success?session_id={CHECKOUT_SESSION_ID}'],
    ['/profile?next=https://evil.example', '/profile?next=https://evil.example'],
  ])('from %s is there', (url, path) => {
    expect(returnAddress(url, own)).toBe(own + path);
  });

  test.each([
    '//evil.example',
    '///evil.example',
    '////evil.example/%2f..',
    '/\\evil.example',
    '/\\\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/%09/evil.example',
    '/%5cevil.example',
    '/%2f%2fevil.example',
    '/.evil.example',
    '/..//evil.example',
    '/@evil.example',
    '@evil.example',
    ':443@evil.example',
    '.evil.example',
    'evil.example',
    'http://evil.example/profile',
    'https://evil.example/profile',
    'HTTPS://EVIL.EXAMPLE',
    'https:evil.example',
    'https:/evil.example',
    'https:\\\\evil.example',
    'http:///evil.example',
    'https://billing.example.com@evil.example/',
    'https://billing.example.com.evil.example/',
    'https://billing.example.com:443@evil.example/',
    'https://evil.example#@billing.example.com/',
    'https://evil.example\\@billing.example.com/',
    'https://evil。example',
    'https://ⓔvil.example',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://evil.example/x',
    'about:blank',
    '*',
    '',
    ' //evil.example',
    '?x=//evil.example',
    '#//evil.example',
  ])('is at this gateway though the request asked for %j', (url) => {
    const address = new URL(returnAddress(url, own));
    expect([address.origin, address.username, address.password]).toEqual([own, '', '']);
  });

  it('is at this gateway whatever the request asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (url) => {
        expect(new URL(returnAddress(url, own)).origin).toBe(own);
        expect(new URL(returnAddress(`/${url}`, own)).origin).toBe(own);
      }),
    );
  });
});
