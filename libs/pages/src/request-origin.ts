/** What a browser says about where a request comes from. Scripts of another site cannot change either header. */
export interface OriginHeaders {
  origin: string | undefined;
  secFetchSite: string | undefined;
}

/** A state change by cookie on `/v1`: only from the gateway's own pages or an origin on the list. No Origin is no. */
export function isAllowedApiChange({ origin }: OriginHeaders, allowed: ReadonlySet<string>): boolean {
  return origin !== undefined && allowed.has(origin);
}

/**
 * A read by cookie: browsers send no Origin when a page reads from its own site, so there what they say of the site counts. Who
 * says neither is no browser of the last years, and no other site's script could read the answer.
 */
export function isAllowedApiRead({ origin, secFetchSite }: OriginHeaders, allowed: ReadonlySet<string>): boolean {
  if (origin !== undefined) return allowed.has(origin);
  return secFetchSite === undefined || secFetchSite === 'same-origin' || secFetchSite === 'none';
}

/**
 * A form post by cookie: only from our own pages. Sec-Fetch-Site is the clearer answer where the browser sends it, which it
 * does on https and loopback; Origin is what older ones send with a POST.
 */
export function isOwnForm(headers: OriginHeaders, ownOrigin: string): boolean {
  if (headers.secFetchSite !== undefined) return headers.secFetchSite === 'same-origin';
  return headers.origin === ownOrigin;
}
