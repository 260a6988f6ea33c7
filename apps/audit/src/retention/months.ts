/** A month of the trail: the partition that it is in, and when it ends. */
export interface Month {
  partition: string;
  /** Of the key under which is sealed what was recorded in it of nobody known. */
  keyOwner: string;
  until: Date;
}

const prefix = 'entry_';
const day = 86_400_000;

/** Undefined for what is no partition's name. */
export function monthOf(partition: string): Month | undefined {
  const [, year, month] = /^entry_(\d{4})_(\d{2})$/.exec(partition) ?? [];
  if (year === undefined || month === undefined) return undefined;
  // Months count from 0, so that this one's number is the next one's index.
  const until = new Date(Date.UTC(Number(year), Number(month), 1));
  return { partition: `${prefix}${year}_${month}`, keyOwner: `month/${year}-${month}`, until };
}

/** Whether its last moment is so long ago; its first one is then a month longer. */
export function isOver({ until }: Month, now: Date, retentionDays: number): boolean {
  return until.getTime() <= now.getTime() - retentionDays * day;
}

/**
 * The month whose keys nobody can need any more, as `YYYY-MM`: that one and all before it. One month behind what has been taken
 * away, since an entry that was sealed at a month's end may have been recorded when the next had begun.
 */
export function lastExpiredKeyMonth(now: Date, retentionDays: number): string {
  const kept = new Date(now.getTime() - retentionDays * day);
  return new Date(Date.UTC(kept.getUTCFullYear(), kept.getUTCMonth() - 2, 1)).toISOString().slice(0, 7);
}
