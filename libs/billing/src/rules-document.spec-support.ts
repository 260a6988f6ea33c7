import { eventTable } from './event-table.spec-support.js';
import { noEvidence } from './evidence.js';
import type { Evidence } from './evidence.js';
import { defaultGraceDays } from './grace.js';
import { nextLook } from './next-look.js';
import { aDisputeRow, anInvoiceRow, aRefundRow, aRow, day, orderAt } from './rows.spec-support.js';
import type { SubscriptionRow } from './subscription-row.js';
import { tierFor } from './tier-policy.js';
import { tierWord } from './tier-word.spec-support.js';

/** A situation in which the policy is asked; by default on day 5 of a paid month of Pro, which began on day 0. */
interface Situation {
  what: string;
  rows: Partial<SubscriptionRow>[];
  evidence?: Partial<Evidence>;
  now?: Date;
}

const pastDue = { status: 'past_due', pastDue: { since: day(30), isExact: true } };
const stillPastDue = { ...pastDue, order: orderAt(day(44)) };
const nextInvoice = anInvoiceRow({
  invoiceId: 'in_2',
  covers: { start: day(30), end: day(60) },
  paidAt: day(30),
  payments: [{ chargeId: null, paymentIntentId: 'pi_2' }],
});
const wasPro = { status: 'active', tier: 1, at: day(1), isExact: true } as const;
const other = { subscriptionId: 'sub_2' };
const paid = [anInvoiceRow()];

const statuses: Situation[] = [
  { what: 'no subscription', rows: [] },
  { what: '`incomplete`', rows: [{ status: 'incomplete' }] },
  { what: '`incomplete_expired`', rows: [{ status: 'incomplete_expired' }] },
  { what: '`trialing`', rows: [{ status: 'trialing', trialEnd: day(14) }] },
  { what: '`active`', rows: [{}] },
  { what: '`active`, `cancel_at_period_end`', rows: [{ cancelAtPeriodEnd: true }] },
  { what: '`active`, `cancel_at` day 20', rows: [{ cancelAt: day(20) }] },
  { what: '`active`, its period ended and no event came', rows: [{}], now: day(31) },
  { what: '`active`, a change of plan waits for its payment', rows: [{ pendingUpdateExpiresAt: day(6) }] },
  { what: '`past_due` since day 30, on day 43', rows: [pastDue], now: day(43) },
  { what: '`past_due` since day 30, on day 44, before Stripe has answered', rows: [pastDue], now: day(44) },
  { what: '`past_due` since day 30, still so on day 44', rows: [stillPastDue], now: day(44) },
  { what: '`unpaid`', rows: [{ status: 'unpaid' }] },
  { what: '`paused`, whatever the reason', rows: [{ status: 'paused', pauseReason: 'pause_requested' }] },
  { what: '`canceled`', rows: [{ status: 'canceled' }] },
  { what: 'a status unknown here, `active` before', rows: [{ status: 'hibernating', lastUnderstood: wasPro }] },
  { what: 'a status unknown here, from the beginning', rows: [{ status: 'hibernating' }] },
  { what: '`active` on an unknown price, Pro before', rows: [{ tier: null, lastUnderstood: wasPro }] },
  { what: '`active` on an unknown price, from the beginning', rows: [{ tier: null }] },
];

const collection = (behavior: string) => [{ collectionPause: { behavior, resumesAt: null } }];

const circumstances: Situation[] = [
  { what: 'collection paused, `keep_as_draft`', rows: collection('keep_as_draft') },
  { what: 'collection paused, `mark_uncollectible`', rows: collection('mark_uncollectible') },
  { what: 'collection paused, `void`, in the paid period', rows: collection('void'), evidence: { invoices: paid } },
  {
    what: 'collection paused, `void`, after it',
    rows: collection('void'),
    evidence: { invoices: paid },
    now: day(31),
  },
  {
    what: 'Elite ended, Pro goes on',
    rows: [
      { status: 'canceled', tier: 2 },
      { ...other, tier: 1 },
    ],
  },
  { what: 'Pro and Elite at once', rows: [{}, { ...other, tier: 2 }] },
  { what: 'the customer was deleted', rows: [{}], evidence: { deletedCustomerIds: ['cus_1'] } },
];

const money: Situation[] = [
  withRefund('part of it refunded', { amount: 500 }),
  withRefund('all of it refunded', {}),
  withRefund('the refund is on its way (`pending`)', { status: 'pending' }),
  withRefund('the refund waits for the customer (`requires_action`)', { status: 'requires_action' }),
  withRefund('the refund failed (`failed`)', { status: 'failed' }),
  withRefund('the refund was taken back (`canceled`)', { status: 'canceled' }),
  withDispute('warning_needs_response'),
  withDispute('warning_under_review'),
  withDispute('warning_closed'),
  withDispute('needs_response'),
  withDispute('under_review'),
  withDispute('lost'),
  withDispute('appeal_needs_response'),
  withDispute('appeal_under_review'),
  withDispute('won'),
  withDispute('prevented'),
  withDispute('invented'),
  {
    what: 'lost, and the period is over without a new payment',
    rows: [{}],
    evidence: { invoices: paid, disputes: [aDisputeRow({ status: 'lost' })] },
    now: day(31),
  },
  {
    what: 'lost, and the next invoice is paid',
    rows: [{}],
    evidence: { invoices: [...paid, nextInvoice], disputes: [aDisputeRow({ status: 'lost' })] },
    now: day(31),
  },
  {
    what: 'refunded, and the subscription is in a new trial',
    rows: [{ status: 'trialing', trialEnd: day(14) }],
    evidence: { invoices: paid, refunds: [aRefundRow()] },
  },
  {
    what: 'refunded, and another subscription goes on',
    rows: [{}, other],
    evidence: { invoices: paid, refunds: [aRefundRow()] },
  },
  { what: 'refunded, and its invoice is not known', rows: [{}], evidence: { refunds: [aRefundRow()] } },
];

function withRefund(what: string, refund: Parameters<typeof aRefundRow>[0]): Situation {
  return { what, rows: [{}], evidence: { invoices: paid, refunds: [aRefundRow(refund)] } };
}

function withDispute(status: string): Situation {
  return {
    what: `disputed, \`${status}\``,
    rows: [{}],
    evidence: { invoices: paid, disputes: [aDisputeRow({ status })] },
  };
}

function table(situations: readonly Situation[]): string {
  const rows = situations.map((situation) => `| ${cellsOf(situation).join(' | ')} |`);
  return ['| situation | tier | until | reasons |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function cellsOf({ what, rows, evidence, now = day(5) }: Situation): string[] {
  const decision = tierFor({
    subscriptions: rows.map((row) => aRow(row)),
    evidence: { ...noEvidence, ...evidence },
    now,
    graceDays: defaultGraceDays,
  });
  const codes = decision.reasons.map(({ code }) => `\`${code}\``).join(', ');
  return [
    what,
    tierWord(decision.tier),
    dayWord(decision.until),
    decision.alerts.length > 0 ? `${codes}, alert` : codes,
  ];
}

function dayWord(date: Date | null): string {
  return date === null ? '–' : `day ${(date.getTime() - day(0).getTime()) / 86_400_000}`;
}

const grace = { ...pastDue, currentPeriodEnd: day(60) };

/** What Stripe is asked about, from its answer on day 0 on. */
const looks: Pick<Situation, 'what' | 'rows'>[] = [
  { what: '`active`', rows: [{}] },
  { what: '`active`, `cancel_at` day 20', rows: [{ cancelAt: day(20) }] },
  { what: '`trialing` until day 14', rows: [{ status: 'trialing', trialEnd: day(14) }] },
  { what: '`past_due` since day 30, until day 60', rows: [grace] },
  { what: '`incomplete` since day 0', rows: [{ status: 'incomplete' }] },
  {
    what: 'collection paused, to be resumed on day 9',
    rows: [{ collectionPause: { behavior: 'void', resumesAt: day(9) } }],
  },
  { what: '`unpaid`', rows: [{ status: 'unpaid' }] },
  { what: '`paused`', rows: [{ status: 'paused' }] },
  { what: '`canceled`', rows: [{ status: 'canceled' }] },
];

/** When Stripe is asked first, and when again if its answer of that moment is that nothing has changed. */
function lookTable(): string {
  const rows = looks.map(({ what, rows: overrides }) => {
    const row = aRow(overrides[0]);
    const first = nextLook([row], defaultGraceDays);
    const order = { ...row.order, at: first?.at ?? row.order.at, kind: 'fetched' } as const;
    const second = first === null ? null : nextLook([{ ...row, order }], defaultGraceDays);
    return `| ${what} | ${momentWord(first)} | ${momentWord(second)} |`;
  });
  return ['| situation | Stripe is asked | and, if nothing has changed, again |', '| --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function momentWord(look: ReturnType<typeof nextLook>): string {
  if (look === null) return '–';
  const minutes = Math.round((look.at.getTime() - day(0).getTime()) / 60_000);
  const [days, rest] = [Math.floor(minutes / 1440), minutes % 1440];
  const time = `${String(Math.floor(rest / 60)).padStart(2, '0')}:${String(rest % 60).padStart(2, '0')}`;
  return `day ${days}, ${time} (\`${look.reason}\`)`;
}

/** The tables of `docs/billing-rules.md`, by the heading they stand under. */
export function rulesTables(): Map<string, string> {
  return new Map([
    ['By status', table(statuses)],
    ['By circumstances', table(circumstances)],
    ['By what became of the money', table(money)],
    ['By the clock', lookTable()],
    ['By event', eventTable()],
  ]);
}
