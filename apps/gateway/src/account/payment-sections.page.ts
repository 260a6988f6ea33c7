import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { dayOf, money, timeOf } from '../pages/words.js';
import type { Invoice, PaymentMethod } from './billing-details.js';
import type { ProfileView } from './profile-view.js';

/** How the plan is paid, and what was: nothing of it for who has never bought anything. */
export function paymentSections({ details, canManage }: ProfileView): Html | false {
  if (details === null) return canManage && unknown;
  const { method, invoices, readAt } = details;
  if (!canManage && method === null && invoices.length === 0) return false;
  return html`<section class="card" aria-labelledby="method">
      <div class="split">
        <div>
          <h2 id="method">Payment method</h2>
          <p>${methodIn(method)}</p>
        </div>
        ${canManage && html`<a class="button quiet" href="/manage-subscription?flow=payment_method">${method === null ? 'Add a card' : 'Change card'}</a>`}
      </div>
      ${readAt !== null && staleNote(readAt)}
    </section>
    ${invoices.length > 0 && invoiceList(invoices)}`;
}

const unknown = html`<section class="card" aria-labelledby="method">
  <h2 id="method">Payment method and invoices</h2>
  <p class="soft">
    Stripe does not answer just now. Your plan is as shown; your card and invoices are here again soon.
  </p>
</section>`;

function staleNote(readAt: Date): Html {
  return html`<p class="soft small">
    Stripe does not answer just now. This is how it was on ${dayOf(readAt)} at ${timeOf(readAt)}.
  </p>`;
}

const brands: Readonly<Record<string, string>> = {
  amex: 'American Express',
  diners: 'Diners Club',
  discover: 'Discover',
  jcb: 'JCB',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
};

function methodIn(method: PaymentMethod | null): Html {
  if (method === null) return html`<span class="soft">No card is on file.</span>`;
  if (method.kind === 'other') return html`${icons.card} ${method.type.replaceAll('_', ' ')}`;
  const { brand, lastFour, expires } = method;
  const until = `${String(expires.month).padStart(2, '0')}/${expires.year}`;
  return html`${icons.card}
    <span
      >${brands[brand] ?? 'Card'} ending in ${lastFour}<br /><span class="soft small">Expires ${until}</span></span
    >`;
}

function invoiceList(invoices: readonly Invoice[]): Html {
  return html`<section class="card" aria-labelledby="invoices">
    <h2 id="invoices">Invoices</h2>
    <ul class="rows">
      ${invoices.map(row)}
    </ul>
  </section>`;
}

function row({ number, createdAt, amount, currency, status, url }: Invoice): Html {
  return html`<li>
    <span>${dayOf(createdAt)} <span class="soft small">${number}</span></span>
    <span>
      ${money(amount, currency)} <span class="soft">${states[status] ?? status}</span>
      ${url !== null && html`<a href="${url}" aria-label="View invoice ${number}">View</a>`}
    </span>
  </li>`;
}

/** Stripe's statuses of an invoice that is out. */
const states: Readonly<Record<string, string>> = {
  open: 'to be paid',
  paid: 'paid',
  uncollectible: 'given up',
  void: 'void',
};
