/** When the builders' world began: 2026-11-01T00:00:00Z, in Stripe's seconds. */
export const started = 1_793_491_200;

/** The end of the builders' first monthly period: 2026-12-01T00:00:00Z. */
export const periodEnd = 1_796_083_200;

/** Stripe's envelope of a list inside an object. */
export function listOf<T>(data: T[], url: string): { object: 'list'; data: T[]; has_more: boolean; url: string } {
  return { object: 'list', data, has_more: false, url };
}
