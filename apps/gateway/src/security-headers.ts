/** What the headers depend on: nothing of a request. */
export interface Origins {
  publicUrl: string;
  signInUrl: string;
}

/**
 * What every answer carries, as OWASP's Secure Headers Project lists it. Written out once instead of by a plugin that puts the policy
 * together anew for every answer, which cost as much as all of our own code for `GET /v1/account`.
 */
export function securityHeaders({ publicUrl, signInUrl }: Origins): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(signInUrl),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'referrer-policy': 'strict-origin-when-cross-origin',
    // A browser that was once told to use https for localhost would refuse every other project on it.
    ...(publicUrl.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'x-download-options': 'noopen',
    'x-frame-options': 'DENY',
    'x-permitted-cross-domain-policies': 'none',
    // The filter that it turned on in old browsers was itself a hole.
    'x-xss-protection': '0',
  };
}

/** Files of ours, and what they ask of us: nothing inline, nothing from elsewhere. */
function contentSecurityPolicy(signInUrl: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    // Browsers hold a form's redirects to this too: a form sent after the session's end goes to the sign-in page.
    `form-action 'self' ${new URL(signInUrl).origin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join(';');
}
