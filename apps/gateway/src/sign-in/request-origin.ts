/** What a browser says about where a request comes from. Scripts of another site cannot change either header. */
export interface OriginHeaders {
  origin: string | undefined;
  secFetchSite: string | undefined;
}

/** A state change by cookie on `/v1`: only from the gateway's own pages or an origin on the list. No Origin is no. */
export function isAllowedApiOrigin({ origin }: OriginHeaders, allowed: ReadonlySet<string>): boolean {
  return origin !== undefined && allowed.has(origin);
}

/**
 * A form post by cookie: only from our own pages. Sec-Fetch-Site is the clearer answer where the browser sends it, which it
 * does on https and loopback; Origin is what older ones send with a POST.
 */
export function isOwnForm(headers: OriginHeaders, ownOrigin: string): boolean {
  if (headers.secFetchSite !== undefined) return headers.secFetchSite === 'same-origin';
  return headers.origin === ownOrigin;
}
