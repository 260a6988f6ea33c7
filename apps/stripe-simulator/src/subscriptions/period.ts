import type Stripe from 'stripe';

/**
 * Where a period that starts at `start` ends, in Unix seconds. Months are counted from the anchor, so that 31 January
 * is followed by 28 February and then by 31 March, as Stripe's billing cycle anchor does.
 */
export function periodEnd(anchor: number, start: number, price: Stripe.Price): number {
  const months = monthsIn(price);
  let end = addMonths(anchor, months);
  for (let count = 2; end <= start; count += 1) end = addMonths(anchor, months * count);
  return end;
}

function monthsIn({ recurring }: Stripe.Price): number {
  const count = recurring?.interval_count ?? 1;
  return recurring?.interval === 'year' ? 12 * count : count;
}

function addMonths(time: number, months: number): number {
  const from = new Date(time * 1000);
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0)).getUTCDate();
  const to = new Date(from);
  to.setUTCDate(1);
  to.setUTCMonth(from.getUTCMonth() + months);
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return to.getTime() / 1000;
}
