import type Stripe from 'stripe';
import { day, html, money } from '../pages/html.js';
import type { Html } from '../pages/html.js';
import { page } from '../pages/layout.page.js';
import { currentPeriodEnd, isEnding, isLive } from '../subscriptions/subscription.js';

interface PortalSubscription {
  subscription: Stripe.Subscription;
  /** The name of what it is for. */
  plan: string;
  /** What it can be changed to. */
  choices: { price: Stripe.Price; plan: string }[];
}

interface PortalView {
  session: Stripe.BillingPortal.Session;
  customer: Stripe.Customer;
  subscriptions: PortalSubscription[];
  card: Stripe.PaymentMethod.Card | null;
  invoices: Stripe.Invoice[];
  message: { isProblem: boolean; text: string } | null;
}

export function portalPage({ session, customer, subscriptions, card, invoices, message }: PortalView): string {
  const ended = subscriptions.filter(({ subscription }) => !isLive(subscription));
  const live = subscriptions.filter(({ subscription }) => isLive(subscription));
  return page({
    title: 'Manage your billing',
    body: html`
      ${session.return_url && html`<p><a id="return" href="${session.return_url}">← back</a></p>`}
      <h1>Manage your billing</h1>
      <p class="dim">${customer.email ?? customer.id}</p>
      ${message && html`<p class="alert ${message.isProblem ? '' : 'note'}" role="status">${message.text}</p>`}
      ${live.length === 0 && html`<section class="card"><p class="dim">No current subscription.</p></section>`}
      ${live.map(liveSubscription)} ${cardForm(card)} ${invoiceTable(invoices)}
      ${ended.map(({ subscription, plan }) => html`<p class="small dim">${plan}: ended on ${day(subscription.ended_at ?? 0)}</p>`)}
    `,
  });
}

function liveSubscription({ subscription, plan, choices }: PortalSubscription): Html {
  const end = day(subscription.cancel_at ?? currentPeriodEnd(subscription));
  const price = subscription.items.data[0]?.price;
  return html`<section class="card">
    <div class="row">
      <div>
        <h2>${plan}</h2>
        <p>${price && rate(price)}</p>
        ${
          isEnding(subscription)
            ? html`<p class="bad">Ends on ${end}. It will not renew.</p>`
            : html`<p class="dim">Renews on ${end}.</p>`
        }
      </div>
      <form class="row" method="post">
        <input type="hidden" name="subscription" value="${subscription.id}" />
        ${
          isEnding(subscription)
            ? html`<button class="primary" name="action" value="renew">Keep my plan</button>`
            : html`<button name="action" value="cancel_at_period_end">Cancel at period end</button>`
        }
        <button class="danger" name="action" value="cancel_now">Cancel now</button>
      </form>
    </div>
    ${!isEnding(subscription) && planForm(subscription, choices)}
  </section>`;
}

const rate = ({ unit_amount, recurring }: Stripe.Price) => `${money(unit_amount ?? 0)} per ${recurring?.interval}`;

const planForm = ({ id }: Stripe.Subscription, choices: PortalSubscription['choices']): Html =>
  html`<form class="apart" method="post">
    <h2>Change plan</h2>
    <p class="small dim">
      The next invoice has the new price. Between monthly and yearly, a new period starts and is billed at once.
    </p>
    <input type="hidden" name="subscription" value="${id}" />
    <input type="hidden" name="action" value="change_plan" />
    <div class="actions">
      ${choices.map(
        ({ price, plan }) => html`<button name="price" value="${price.id}">${plan}, ${rate(price)}</button>`,
      )}
    </div>
  </form>`;

const cardForm = (card: Stripe.PaymentMethod.Card | null): Html =>
  html`<section class="card">
    <h2>Payment method</h2>
    <p>
      ${card ? `${card.display_brand} •••• ${card.last4}, until ${card.exp_month} / ${card.exp_year}` : 'No card saved.'}
    </p>
    <form method="post" autocomplete="off">
      <label for="card_number">New card number</label>
      <input id="card_number" name="card_number" inputmode="numeric" placeholder="4242 4242 4242 4242" required />
      <div class="pair">
        <div>
          <label for="exp">Expiry (MM / YY)</label
          ><input id="exp" name="exp" inputmode="numeric" placeholder="12 / 34" required />
        </div>
        <div>
          <label for="cvc">CVC</label><input id="cvc" name="cvc" inputmode="numeric" placeholder="123" required />
        </div>
      </div>
      <div class="actions"><button name="action" value="update_card">Update card</button></div>
    </form>
  </section>`;

const invoiceTable = (invoices: Stripe.Invoice[]): Html =>
  html`<section class="card">
    <h2>Invoices</h2>
    ${invoices.length === 0 && html`<p class="dim">None yet.</p>`}
    <div class="scroll">
      <table class="wrap">
        ${invoices.map(
          (invoice) =>
            html`<tr>
              <td>${day(invoice.created)}</td>
              <td><a href="/i/${invoice.id}">${invoice.number}</a></td>
              <td>${money(invoice.total, invoice.currency)}</td>
              <td class="good">${invoice.status}</td>
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
