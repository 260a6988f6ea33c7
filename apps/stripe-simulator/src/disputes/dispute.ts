import type Stripe from 'stripe';
import { idOf, newId } from '../world/ids.js';

/** An inquiry (`warning_…`) asks before any money moves; a chargeback takes it first. */
export type DisputeKind = 'chargeback' | 'inquiry';

interface DisputeInput {
  charge: Stripe.Charge;
  amount: number;
  reason: string;
  kind: DisputeKind;
  now: number;
}

const day = 24 * 3600;

export const aDispute = ({ charge, amount, reason, kind, now }: DisputeInput): Stripe.Dispute => ({
  id: newId('du_'),
  object: 'dispute',
  amount,
  balance_transactions: [],
  charge: charge.id,
  created: now,
  currency: charge.currency,
  enhanced_eligibility_types: [],
  evidence: noEvidence,
  evidence_details: {
    due_by: now + 9 * day,
    enhanced_eligibility: {},
    has_evidence: false,
    past_due: false,
    submission_count: 0,
    submission_method: 'not_submitted',
  },
  intended_submission_method: null,
  // Stripe lets an inquiry be refunded, which ends it; what was charged back is already gone.
  is_charge_refundable: kind === 'inquiry',
  livemode: false,
  metadata: {},
  network_reason_code: '10.4',
  payment_intent: idOf(charge.payment_intent),
  payment_method_details: {
    card: { brand: 'visa', case_type: kind, network: 'visa', network_reason_code: '10.4' },
    type: 'card',
  },
  reason,
  status: kind === 'inquiry' ? 'warning_needs_response' : 'needs_response',
});

const noEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

export const disputeSteps = ['submit', 'escalate', 'win', 'lose', 'close'] as const;
export type DisputeStep = (typeof disputeSteps)[number];

interface Outcome {
  status: 'needs_response' | 'under_review' | 'warning_under_review' | 'warning_closed' | 'won' | 'lost';
  /** In this order, after which nothing more is to come of it if one is `charge.dispute.closed`. */
  events: Stripe.Event.Type[];
}

const open: readonly string[] = ['needs_response', 'under_review'];
const asking: readonly string[] = ['warning_needs_response', 'warning_under_review'];

/** Where a step leads, or null where Stripe knows no way (Stripe docs: Disputes, statuses). */
export function stepFrom(status: string, step: DisputeStep): Outcome | null {
  const [isOpen, isAsking] = [open.includes(status), asking.includes(status)];
  switch (step) {
    case 'submit':
      if (status === 'needs_response') return { status: 'under_review', events: ['charge.dispute.updated'] };
      if (status === 'warning_needs_response') {
        return { status: 'warning_under_review', events: ['charge.dispute.updated'] };
      }
      return null;
    case 'escalate':
      if (!isAsking) return null;
      return { status: 'needs_response', events: ['charge.dispute.updated', 'charge.dispute.funds_withdrawn'] };
    case 'win':
      if (!isOpen) return null;
      return { status: 'won', events: ['charge.dispute.closed', 'charge.dispute.funds_reinstated'] };
    case 'lose':
      return isOpen ? { status: 'lost', events: ['charge.dispute.closed'] } : null;
    case 'close':
      return isAsking ? { status: 'warning_closed', events: ['charge.dispute.closed'] } : null;
    default:
      return step satisfies never;
  }
}
