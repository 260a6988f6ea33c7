import type Stripe from 'stripe';
import { day, html, money } from '../pages/html.js';
import { page } from '../pages/layout.page.js';

/** What `hosted_invoice_url` shows. */
export const invoicePage = (invoice: Stripe.Invoice): string =>
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
      <p class="good">${invoice.status === 'paid' ? 'Paid' : invoice.status}</p>
    </section>`,
  });
