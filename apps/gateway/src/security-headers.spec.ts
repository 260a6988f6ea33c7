import { describe, expect, it } from '@jest/globals';
import { securityHeaders } from './security-headers.js';

const https = { publicUrl: 'https://billing.example.com', signInUrl: 'https://id.example.com/sign-in?x=1' };

describe('security headers', () => {
  it('let in nothing that is inline or from elsewhere', () => {
    const policy = securityHeaders(https)['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy.match(/https?:[^\s;]+/g)).toEqual(['https://id.example.com']);
    expect(policy).toContain("form-action 'self' https://id.example.com");
  });

  it('refuse frames, guessed types and other origins', () => {
    expect(securityHeaders(https)).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'strict-origin-when-cross-origin',
    });
  });

  it('ask for https for good, but not on a laptop', () => {
    expect(securityHeaders(https)['strict-transport-security']).toBe('max-age=31536000');
    const laptop = { ...https, publicUrl: 'http://localhost:3000' };
    expect(securityHeaders(laptop)).not.toHaveProperty('strict-transport-security');
  });
});
