/** What ops ask for. Times are of recording: they run with seq, so a time range is a range of seq. */
export interface EntryFilter {
  userId?: string;
  type?: TypeFilter;
  /** Inclusive. */
  from?: Date;
  /** Exclusive. */
  to?: Date;
  ip?: string;
  /** What that address is found by where it is sealed; entries from before addresses were sealed hold it as it is. */
  ipToken?: Buffer;
  stripeId?: string;
  requestId?: string;
  /** All of these words, in whatever order. */
  words?: string;
  /** Only entries older than this seq: the last one of the page before. */
  before?: string;
  /** Only entries newer than this seq. */
  after?: string;
}

/** `prefix` ends in a dot: `stripe.` */
export type TypeFilter = { kind: 'exact'; type: string } | { kind: 'prefix'; prefix: string };

/** Whether it names what has few entries beside the whole trail. */
export function namesFew({ userId, ip, stripeId, requestId }: EntryFilter): boolean {
  return [userId, ip, stripeId, requestId].some((each) => each !== undefined);
}
