import type Stripe from 'stripe';
import { day, html, money } from '../pages/html.js';
import type { Html } from '../pages/html.js';
import { page } from '../pages/layout.page.js';

/** What `hosted_invoice_url` shows. */
export const invoicePage = (invoice: Stripe.Invoice, problem: string | null): string =>
  page({
    title: `Invoice ${invoice.number}`,
    isNarrow: true,
    body: html`<section class="card">
      <h1>Invoice ${invoice.number}</h1>
      <p class="dim">${invoice.customer_email}, ${day(invoice.created)}</p>
      ${invoice.lines.data.map(
        (line) =>
          html`<div class="total">
            <span
              >${line.description}<br /><span class="small dim"
                >${day(line.period.start)} to ${day(line.period.end)}</span
              ></span
            >
            <span>${money(line.amount, line.currency)}</span>
          </div>`,
      )}
      ${
        invoice.total < invoice.subtotal &&
        html`<div class="total"><span>Discount</span><span>−${money(invoice.subtotal - invoice.total)}</span></div>`
      }
      <div class="total"><strong>Total</strong><strong>${money(invoice.total, invoice.currency)}</strong></div>
      ${
        invoice.amount_due !== invoice.total &&
        html`<div class="total"><strong>Amount due</strong><strong>${money(invoice.amount_due)}</strong></div>`
      }
      <p class="${invoice.status === 'paid' ? 'good' : 'dim'}">
        ${invoice.status === 'paid' ? 'Paid' : invoice.status}
      </p>
      ${problem && html`<p class="alert" role="alert" id="problem">${problem}</p>`}
      ${invoice.status === 'open' && payForm(invoice)}
    </section>`,
  });

/** Without a card number it is paid with the card on file. */
const payForm = (invoice: Stripe.Invoice): Html =>
  html`<form method="post" autocomplete="off">
    <label for="card_number">Another card (optional)</label>
    <input id="card_number" name="card_number" inputmode="numeric" placeholder="4242 4242 4242 4242" />
    <div class="pair">
      <div><label for="exp">Expiry (MM / YY)</label><input id="exp" name="exp" placeholder="12 / 34" /></div>
      <div><label for="cvc">CVC</label><input id="cvc" name="cvc" placeholder="123" /></div>
    </div>
    <button class="primary wide" id="pay" name="action" value="pay">Pay ${money(invoice.amount_due)}</button>
  </form>`;
