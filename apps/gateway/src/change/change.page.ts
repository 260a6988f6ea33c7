import { planOf } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { Tier } from '@billhook/contracts';
import { factList, html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { layout } from '../pages/layout.page.js';
import { dayOf, money, perCycle } from '../pages/words.js';
import type { ChangePreview } from './change-preview.js';
import type { CurrentPlan } from './plan-change.js';

const tones = { 0: '', 1: 'pro-text', 2: 'elite-text' } as const satisfies Record<Tier, string>;
const buttons = { 1: 'green', 2: 'purple' } as const;

/** What a change comes to, before it is confirmed. */
export function changePage(preview: ChangePreview, catalogue: PlanCatalogue): string {
  const { choice, current } = preview;
  const name = planOf(catalogue, choice.tier).name;
  const title =
    current?.tier === choice.tier ? `Switch ${name} to ${choice.billingCycle} payment` : `Change to ${name}`;
  return layout({
    title,
    body: html`<div class="narrow">
      <section class="card" aria-labelledby="change">
        <h1 id="change"><span class="${tones[choice.tier]}">${title}</span></h1>
        <p class="lead">${sentence(preview, name)}</p>
        ${figures(preview, catalogue)} ${preview.lines.length > 0 && breakdown(preview)}
        <div class="actions">
          <form method="post" action="/change-plan">
            <input type="hidden" name="tier" value="${choice.tier}" />
            <input type="hidden" name="billing_cycle" value="${choice.billingCycle}" />
            <input type="hidden" name="proration_date" value="${preview.prorationDate}" />
            <button class="button ${buttons[choice.tier]}" type="submit">${confirmLabel(preview)}</button>
          </form>
          <a class="button quiet" href="/profile">Leave it as it is</a>
        </div>
      </section>
      <p class="secure">${icons.card} Secure payment powered by Stripe</p>
    </div>`,
  });
}

function sentence(preview: ChangePreview, name: string): string {
  const { takesEffect, effectiveAt, dueNow, choice, current } = preview;
  const isSamePlan = current?.tier === choice.tier;
  if (takesEffect === 'period_end') {
    const until = effectiveAt === null ? 'the end of the period' : dayOf(effectiveAt);
    const next = isSamePlan ? `You pay ${choice.billingCycle} from then on` : `${name} begins then`;
    return `You keep what you have paid for until ${until}. ${next}; nothing is charged today, and until then you can take it back.`;
  }
  const next = isSamePlan
    ? `You keep ${name}, and pay ${choice.billingCycle} as soon as you confirm.`
    : `${name} begins as soon as you confirm.`;
  return dueNow === 0
    ? `${next} Nothing is charged today.`
    : `${next} What is left of the time you have paid for is taken off the price.`;
}

function confirmLabel({ takesEffect, dueNow, currency }: ChangePreview): string {
  if (takesEffect === 'period_end') return 'Change at the end of the period';
  return dueNow === 0 ? 'Change now' : `Pay ${money(dueNow, currency)} and change now`;
}

/** `Pro monthly`. */
function nameOf({ tier, billingCycle }: CurrentPlan, catalogue: PlanCatalogue): string {
  const { name } = planOf(catalogue, tier);
  return billingCycle === null ? name : `${name} ${billingCycle}`;
}

function figures(preview: ChangePreview, catalogue: PlanCatalogue): Html {
  const { currency, choice, current, renewsAt, renewalAmount, credit } = preview;
  const { name } = planOf(catalogue, choice.tier);
  const rows: [string, string][] = [];
  if (current !== null) rows.push(['Your plan now', nameOf(current, catalogue)]);
  rows.push(['Charged today', money(preview.dueNow, currency)]);
  if (credit > 0) rows.push(['Credit for your next invoices', money(credit, currency)]);
  rows.push([
    `${name} ${choice.billingCycle} from then on`,
    `${money(renewalAmount, currency)} ${perCycle[choice.billingCycle]}`,
  ]);
  if (renewsAt !== null) rows.push(['Next payment', dayOf(renewsAt)]);
  return factList(rows);
}

/** Stripe's own lines: what today's amount is made of. */
function breakdown({ lines, currency }: ChangePreview): Html {
  return html`<details class="small">
    <summary>How today's amount comes about</summary>
    ${factList(lines.map(({ description, amount }) => [description, money(amount, currency)]))}
  </details>`;
}
