import { isIPv4, isIPv6 } from 'node:net';

/** What a request costs us: a change is counted over all replicas, a read by each for itself. */
export type Weight = 'change' | 'read';

/** Links that make or work something out at Stripe, though they are links. */
const changingLinks: ReadonlySet<string> = new Set(['/create-checkout', '/change-plan', '/manage-subscription']);

/** `route` is the pattern that answers the request, if one does. */
export function weightOf(request: { method: string; route: string | undefined }): Weight {
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'change';
  return request.route !== undefined && changingLinks.has(request.route) ? 'change' : 'read';
}

/**
 * Whom an address stands for: itself, and for IPv6 its /64, which is what one connection is given. An IPv4 address that came over
 * an IPv6 socket is the same address.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  // `::` stands for as many zeros as are missing; of those only the ones among the first four groups count.
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')];
  const prefix = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(':')}::/64`;
}
