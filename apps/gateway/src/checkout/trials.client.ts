import { planOf } from '@billhook/billing';
import { LiveCatalogue } from '@billhook/catalogue';
import { Injectable } from '@nestjs/common';
import { AccountReader } from '../account/account-reader.store.js';
import type { Deadline } from '../deadline.js';
import { StripeBilling } from '../stripe-billing.client.js';
import type { Section } from '../user-lock.store.js';
import type { PlanChoice } from './plan-choice.js';
import { TrialUseStore } from './trial-use.store.js';

/** Who may still try a plan before paying for it. Under the user's lock, so that two tabs cannot both be the first. */
@Injectable()
export class Trials {
  constructor(
    private readonly catalogue: LiveCatalogue,
    private readonly uses: TrialUseStore,
    private readonly accounts: AccountReader,
    private readonly stripe: StripeBilling,
  ) {}

  /**
   * Days that this purchase is free to begin with. Our own record comes first; where it is silent the read model is asked, and
   * then Stripe, whose events may not have come yet. What they know is recorded. A plan without a trial costs no question.
   */
  async daysFor(
    section: Section,
    purchase: { userId: string; customerId: string; choice: PlanChoice },
    deadline: Deadline,
  ): Promise<number> {
    const { userId, customerId, choice } = purchase;
    const plan = planOf(this.catalogue.current(), choice.tier);
    if (plan.trialDays === 0 || (await this.uses.has(section.manager, userId))) return 0;
    const { subscription } = await this.accounts.read(userId);
    const isShown = subscription !== null && subscription.trial_end !== null;
    if (!isShown && !(await this.stripe.hasHadTrial(customerId, deadline))) return plan.trialDays;
    await this.uses.record(section.manager, [userId]);
    return 0;
  }
}
