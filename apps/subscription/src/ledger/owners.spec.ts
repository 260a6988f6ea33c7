import { describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { MoneyStory } from '../money-story.spec-support.js';
import { toIntake } from './intake.js';
import type { Intake } from './intake.js';
import type { KeptObject } from './kept-object.js';
import { learnOwners, linksOfAll } from './owners.js';

const money = new MoneyStory(new CustomerStory('ada'));
const intakeOf = (event: Parameters<typeof fromStripe>[0]): Intake =>
  toIntake({ ...fromStripe(event), redelivered: false });
const [invoice, payment, refund] = [money.invoicePaid(), money.invoicePaymentPaid(), money.refunded()].map(intakeOf);
const kept = (intake: Intake | undefined): KeptObject[] =>
  (intake?.objects ?? []).map((object) => ({ object, told: null }));
const batch = (...intakes: (Intake | undefined)[]): Intake[] => intakes.filter((intake) => intake !== undefined);
const customersOf = (intakes: readonly Intake[]) => intakes.map(({ customerId }) => customerId);

describe('whose an object is that names no customer', () => {
  it('is told by what it is linked to, over others too, in whatever order they stand', () => {
    const orders = [batch(invoice, payment, refund), batch(refund, payment, invoice), batch(payment, refund, invoice)];
    for (const intakes of orders)
      expect(customersOf(learnOwners(intakes, []).intakes)).toEqual(['cus_ada', 'cus_ada', 'cus_ada']);
  });

  it('may be told by what is known already, and tells what is known whose it is', () => {
    const { intakes, found, adopted } = learnOwners(batch(invoice), [...kept(payment), ...kept(refund)]);
    expect(customersOf(intakes)).toEqual(['cus_ada']);
    expect(found.map(({ object }) => object.customerId)).toEqual(['cus_ada', 'cus_ada']);
    expect(adopted).toEqual(found);
    expect(customersOf(learnOwners(batch(refund), [...kept(payment), ...kept(invoice)]).intakes)).toEqual(['cus_ada']);
  });

  it('is not known while a link is missing', () => {
    const { intakes, adopted } = learnOwners(batch(refund), kept(invoice));
    expect([customersOf(intakes), adopted]).toEqual([[null], []]);
  });
});

describe('the links of a batch', () => {
  it('are the ids that its payments go by, each once, and none for what tells of no object', () => {
    const links = ['in_ada', 'pi_ada', 'ch_ada', 're_ada'];
    expect(linksOfAll(batch(invoice, payment, refund)).toSorted()).toEqual(links.toSorted());
    expect(linksOfAll([intakeOf(new CustomerStory('ada').created())])).toEqual([]);
  });
});
