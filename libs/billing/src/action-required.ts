import type { ActionRequired } from '@billhook/contracts';
import type { Evidence, InvoiceRow } from './evidence.js';
import type { SubscriptionRow } from './subscription-row.js';

/** In these Stripe waits for a payment that it will not get by itself, or not for sure. */
const waitingStatuses = ['incomplete', 'past_due', 'unpaid'];

/** What the customer has to do so that the subscription goes on; null when nothing is known that they could do. */
export function actionRequired(row: SubscriptionRow, { invoices }: Evidence): ActionRequired | null {
  if (!waitingStatuses.includes(row.status)) return null;
  const open = invoices.filter(
    ({ subscriptionId, status }) => subscriptionId === row.subscriptionId && status === 'open',
  );
  const [newest] = open.toSorted(byTime);
  if (newest === undefined) return null;
  const { invoiceId, hostedInvoiceUrl, confirmAttempt, attemptCount } = newest;
  const reason = confirmAttempt === attemptCount ? 'payment_confirmation' : 'payment_failed';
  return { reason, invoice_id: invoiceId, url: hostedInvoiceUrl };
}

function byTime(a: InvoiceRow, b: InvoiceRow): number {
  return b.at.getTime() - a.at.getTime() || (a.invoiceId < b.invoiceId ? 1 : -1);
}
