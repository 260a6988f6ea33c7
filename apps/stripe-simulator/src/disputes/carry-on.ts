import type Stripe from 'stripe';
import { found, invalid } from '../api/stripe-error.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { aDispute, stepFrom } from './dispute.js';
import type { DisputeKind, DisputeStep } from './dispute.js';

interface Opening {
  charge: Stripe.Charge;
  amount: number;
  reason: string;
  kind: DisputeKind;
}

/** A cardholder has complained to their bank. A chargeback takes the money at once; an inquiry does not. */
export function openDispute(world: World, { charge, amount, reason, kind }: Opening): Stripe.Dispute {
  const isUnderWay = [...world.disputes.values()].some(
    (row) => row.charge === charge.id && !['won', 'lost', 'warning_closed'].includes(row.status),
  );
  if (isUnderWay) throw invalid('charge', `Charge ${charge.id} is being disputed already.`);
  if (amount < 1 || amount > charge.amount) throw invalid('amount', `amount: must be between 1 and ${charge.amount}`);
  const dispute = aDispute({ charge, amount, reason, kind, now: world.now() });
  world.disputes.set(dispute.id, dispute);
  world.emit('charge.dispute.created', dispute);
  if (kind === 'chargeback') withdraw(world, dispute);
  return dispute;
}

function withdraw(world: World, dispute: Stripe.Dispute): void {
  const charge = found(world.charges, idOf(dispute.charge), 'charge');
  world.charges.set(charge.id, { ...charge, disputed: true });
  world.emit('charge.dispute.funds_withdrawn', dispute);
}

/** One step further; refused where Stripe knows no such way. */
export function carryOn(world: World, before: Stripe.Dispute, step: DisputeStep): Stripe.Dispute {
  const outcome = stepFrom(before.status, step);
  if (outcome === null) throw invalid('to', `to: a dispute that is ${before.status} cannot ${step}`);
  const next: Stripe.Dispute = {
    ...before,
    status: outcome.status,
    ...(step === 'submit' && { evidence_details: submitted(before.evidence_details) }),
    ...(step === 'escalate' && { is_charge_refundable: false }),
  };
  world.disputes.set(next.id, next);
  for (const type of outcome.events) {
    if (type === 'charge.dispute.funds_withdrawn') withdraw(world, next);
    else if (type === 'charge.dispute.funds_reinstated') world.emit(type, next);
    else world.emitUpdate(type, before, next);
  }
  return next;
}

const submitted = (details: Stripe.Dispute.EvidenceDetails): Stripe.Dispute.EvidenceDetails => ({
  ...details,
  has_evidence: true,
  submission_count: details.submission_count + 1,
  submission_method: 'manual',
});
