import { describe, expect, test } from '@jest/globals';
import { networkOf, weightOf } from './limited.js';

describe('networkOf', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::5', '2001:db8:0:0::/64'],
    ['2001:db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['not an address', 'not an address'],
  ])('%s is of %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('weightOf', () => {
  test.each([
    ['POST', '/v1/checkout-sessions', 'change'],
    ['PUT', '/v1/preferences', 'change'],
    ['DELETE', '/v1/session', 'change'],
    ['GET', '/create-checkout', 'change'],
    ['GET', '/manage-subscription', 'change'],
    ['GET', '/v1/account', 'read'],
    ['HEAD', '/pricing', 'read'],
    ['GET', undefined, 'read'],
    ['POST', undefined, 'change'],
  ] as const)('%s %s is a %s', (method, route, weight) => {
    expect(weightOf({ method, route })).toBe(weight);
  });
});
