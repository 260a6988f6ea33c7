/** How the session cookie is named and sent for a given PUBLIC_URL. */
export interface SessionCookie {
  name: string;
  isSecure: boolean;
}

/** Browsers keep about 4 KiB per cookie, its name and attributes included, and drop a larger one without a word. */
export const longestCookieToken = 3800;

/**
 * `__Host-` makes the browser itself refuse the cookie from a subdomain or over plain http (RFC 6265bis). On http loopback it
 * would be refused too, so a laptop gets a plain name.
 */
export function sessionCookie(publicUrl: string): SessionCookie {
  const isSecure = new URL(publicUrl).protocol === 'https:';
  return { name: isSecure ? '__Host-billhook_session' : 'billhook_session', isSecure };
}

/** Attributes for setting and for clearing: a cookie is only cleared by the same path and flags it was set with. */
export function cookieAttributes(cookie: SessionCookie) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: cookie.isSecure } as const;
}
