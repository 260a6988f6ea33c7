import { attributesSchema, domainEvents } from '@billhook/contracts';
import type { EventAttributes, EventData } from '@billhook/contracts';

/** Who asked for what, and from where. */
export interface TrailRead {
  what: EventData<'audit.trail.read'>['what'];
  /** The address of the request, with its query. */
  url: string;
  userId: string;
  remoteAddress: string;
  userAgent: string | undefined;
  requestId: string;
}

const type = 'audit.trail.read';
const longestUserAgent = 256;
const longestAddress = 2_000;

/** The entry that says so, as an event. `id` is a fresh one: whoever asks twice is recorded twice. */
export function toReadEvent(read: TrailRead, id: string, now: Date): { attributes: EventAttributes; body: Buffer } {
  const data: EventData<typeof type> = { what: read.what, request: shownAddress(read.url) };
  const attributes = attributesSchema.parse({
    id,
    source: 'audit',
    type,
    time: now.toISOString(),
    dataversion: domainEvents[type].version,
    actor: `ops:${read.userId}`,
    remoteaddress: read.remoteAddress,
    // Control characters are taken out, so that a user agent cannot forge a line in a terminal.
    useragent: read.userAgent?.replace(/\p{Cc}/gu, ' ').slice(0, longestUserAgent),
    requestid: read.requestId,
  });
  return { attributes, body: Buffer.from(JSON.stringify(data)) };
}

/** What somebody looked for by these may be an address, a name or an e-mail; an entry outlives every erasure. */
const withheld = ['ip', 'q'];

/** The address without what may be personal in it: that it was asked for is shown, what was asked for is not. */
export function shownAddress(url: string): string {
  const [path = '', query] = url.split(/\?(.*)/s, 2);
  if (query === undefined || query === '') return path.slice(0, longestAddress);
  const shown = [...new URLSearchParams(query)].map(([name, value]) =>
    withheld.includes(name) ? `${name}=…` : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return `${path}?${shown.join('&')}`.slice(0, longestAddress);
}
