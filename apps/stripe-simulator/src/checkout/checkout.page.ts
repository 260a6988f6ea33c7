import type Stripe from 'stripe';
import { testBankAccounts } from '../customers/bank-account.js';
import { spaced, testCards } from '../customers/card.js';
import type { CardFields } from '../customers/card.js';
import { Html, html, money } from '../pages/html.js';
import { page } from '../pages/layout.page.js';
import type { Reduction } from './pay.js';

export interface CheckoutForm extends CardFields {
  promotion_code?: string;
  bank_account?: string;
  email?: string;
}

interface CheckoutView {
  session: Stripe.Checkout.Session;
  lines: Stripe.LineItem[];
  email: string | null;
  /** Without a customer and an address of their own, the page asks for one. */
  asksEmail: boolean;
  form: CheckoutForm;
  reduction: Reduction | null;
  problem: { field: keyof CheckoutForm | null; message: string } | null;
}

export function checkoutPage(view: CheckoutView): string {
  const [line] = view.lines;
  const plan = line?.description ?? 'Subscription';
  return page({
    title: `Subscribe to ${plan}`,
    body: html`<div class="split">
      <section>
        ${view.session.cancel_url && html`<p><a href="${view.session.cancel_url}">← back</a></p>`}
        <p class="dim">Subscribe to ${plan}</p>
        ${totals(view, line?.price?.recurring?.interval ?? 'month')}
      </section>
      <section class="card">
        <h2>Pay with card</h2>
        ${view.problem && html`<p class="alert" role="alert" id="problem">${view.problem.message}</p>`} ${payForm(view)}
      </section>
    </div>`,
  });
}

function totals({ session, lines, reduction }: CheckoutView, interval: string): Html {
  const due = (session.amount_subtotal ?? 0) - (reduction?.amount ?? 0);
  const subtotal = lines.reduce((sum, line) => sum + line.amount_subtotal, 0);
  return html`<p><span class="amount">${money(due)}</span> <span class="dim">due today</span></p>
    <p class="dim">then ${money(subtotal)} per ${interval}</p>
    <div class="card">
      ${lines.map(lineRow)}
      <p class="small dim">Billed every ${interval}, until cancelled</p>
      ${
        reduction &&
        html`<div class="total">
          <span>${reduction.coupon.name ?? 'Discount'}</span><span>−${money(reduction.amount)}</span>
        </div>`
      }
      <div class="total"><strong>Total due today</strong><strong>${money(due)}</strong></div>
    </div>`;
}

const lineRow = ({ description, amount_subtotal }: Stripe.LineItem): Html =>
  html`<div class="row"><span>${description}</span><span>${money(amount_subtotal)}</span></div>`;

/** Marks the field there is a problem with. */
type Mark = (field: keyof CheckoutForm) => Html | null;

function payForm(view: CheckoutView): Html {
  const { session, form, problem, reduction } = view;
  const due = (session.amount_subtotal ?? 0) - (reduction?.amount ?? 0);
  const wrong: Mark = (field) =>
    problem?.field === field ? new Html('aria-invalid="true" aria-describedby="problem"') : null;
  return html`<form method="post" autocomplete="off">
    ${emailField(view)} ${cardFields(form, { wrong, isRequired: session.payment_method_collection !== 'if_required' })}
    ${session.allow_promotion_codes === true && promotionField(form, wrong('promotion_code'))}
    <button class="primary wide" name="action" value="pay" id="pay">Pay ${money(due)}</button>
    <p class="small dim">
      Test cards: <code>4242 4242 4242 4242</code> pays, <code>4000 0000 0000 0002</code> is declined.
    </p>
    ${otherWays(form, wrong('bank_account'))}
  </form>`;
}

function emailField({ asksEmail, email, form }: CheckoutView): Html | null {
  if (!asksEmail) return email ? html`<p class="dim">${email}</p>` : null;
  return html`<label for="email">E-mail</label>
    <input id="email" name="email" type="email" required value="${form.email}" />`;
}

/** What else can be tried: a bank debit, which is answered days later, and the cards that do more than pay. */
const otherWays = (form: CheckoutForm, invalidMark: Html | null): Html =>
  html`<details ${form.bank_account && new Html('open')}>
    <summary class="small">Pay by bank debit instead, or try another card</summary>
    <label for="bank_account">US bank account number (settles in four days)</label>
    <input id="bank_account" name="bank_account" inputmode="numeric" value="${form.bank_account}" ${invalidMark} />
    <button name="action" value="pay" formnovalidate>Pay by bank debit</button>
    ${testBankAccounts.map(({ number, meaning }) => html`<p class="small dim"><code>${number}</code> ${meaning}</p>`)}
    ${testCards.map(({ number, meaning }) => html`<p class="small dim"><code>${spaced(number)}</code> ${meaning}</p>`)}
  </details>`;

const cardFields = (form: CheckoutForm, { wrong, isRequired }: { wrong: Mark; isRequired: boolean }): Html =>
  html`<label for="card_number">Card number</label>
    <input
      id="card_number"
      name="card_number"
      inputmode="numeric"
      placeholder="4242 4242 4242 4242"
      ${required(isRequired)}
      value="${form.card_number}"
      ${wrong('card_number')}
    />
    <div class="pair">
      <div>
        <label for="exp">Expiry (MM / YY)</label>
        <input
          id="exp"
          name="exp"
          inputmode="numeric"
          placeholder="12 / 34"
          ${required(isRequired)}
          value="${form.exp}"
          ${wrong('exp')}
        />
      </div>
      <div>
        <label for="cvc">CVC</label>
        <input
          id="cvc"
          name="cvc"
          inputmode="numeric"
          placeholder="123"
          ${required(isRequired)}
          value="${form.cvc}"
          ${wrong('cvc')}
        />
      </div>
    </div>`;

const required = (isRequired: boolean) => isRequired && new Html('required');

/** Enter in a field presses the form's first button, so the hidden one before Apply keeps Enter meaning "pay". */
const promotionField = (form: CheckoutForm, invalidMark: Html | null): Html =>
  html`<button name="action" value="pay" hidden tabindex="-1" aria-hidden="true"></button>
    <label for="promotion_code">Promotion code (optional)</label>
    <div class="row" style="flex-wrap: nowrap">
      <input id="promotion_code" name="promotion_code" value="${form.promotion_code}" ${invalidMark} />
      <button name="action" value="apply" formnovalidate>Apply</button>
    </div>`;
