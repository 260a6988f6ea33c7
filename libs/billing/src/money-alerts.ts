import type { Evidence } from './evidence.js';
import { unlinkedPayments } from './payment-links.js';
import { disputeMeaning } from './revocation.js';
import type { TierReason } from './tier-policy.js';

/** What an operator should look at in what is known of a user's money. */
export function moneyAlerts(evidence: Evidence): TierReason[] {
  const unlinked = unlinkedPayments(evidence).map(({ chargeId, paymentIntentId }) => ({
    code: 'payment_of_unknown_invoice',
    text: `Money of payment ${paymentIntentId ?? chargeId} went back or is disputed, and its invoice is not known.`,
  }));
  const unknown = evidence.disputes.filter(({ status }) => disputeMeaning(status) === 'unknown');
  const disputes = unknown.map(({ disputeId, status }) => ({
    code: 'dispute_status_unknown',
    text: `Dispute ${disputeId} has a status unknown here: ${status}. It takes nothing away.`,
  }));
  return [...unlinked, ...disputes];
}
