/**
 * A request's own address at the service that is asked, for the way back after signing in: path and query of what was asked for, and never
 * another host, whatever the request line held (`//evil.example`, `https://evil.example/`, `\\evil.example`, `@evil.example`).
 */
export function returnAddress(requestUrl: string, publicUrl: string): string {
  const own = new URL(publicUrl);
  const isPath = requestUrl.startsWith('/') && URL.canParse(own.origin + requestUrl);
  const target = new URL(isPath ? own.origin + requestUrl : own.origin);
  return target.origin === own.origin ? target.href : `${own.origin}/`;
}
