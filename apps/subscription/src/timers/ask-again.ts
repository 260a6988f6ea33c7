const firstPauseMs = 10 * 60_000;
const longestPauseMs = 24 * 3_600_000;

/**
 * How long before the same moment is asked about again, after it was asked about this often. Its answer moves it in nearly every
 * case; what is left is an answer that says less than the moment: of a clock of Stripe's that is behind ours, or none at all.
 */
export function askAgainAfterMs(asked: number): number {
  return Math.min(firstPauseMs * 2 ** asked, longestPauseMs);
}
