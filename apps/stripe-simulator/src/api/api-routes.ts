import { catalogueChanges } from '../catalogue/catalogue-changes.js';
import { catalogueRoutes } from '../catalogue/catalogue-routes.js';
import { checkoutRoutes } from '../checkout/checkout-routes.js';
import { paymentPageRoutes } from '../checkout/payment-page-routes.js';
import { cliSessionRoutes } from '../cli/session-routes.js';
import { customerRoutes } from '../customers/customer-routes.js';
import { paymentMethodRoutes } from '../customers/payment-method-routes.js';
import { eventRoutes } from '../events/event-routes.js';
import { invoicePaymentRoutes } from '../invoices/invoice-payment-routes.js';
import { ownInvoiceRoutes } from '../invoices/own-invoice-routes.js';
import { invoiceRoutes } from '../invoices/invoice-routes.js';
import { disputeRoutes } from '../disputes/dispute-routes.js';
import { paymentRoutes } from '../payments/payment-routes.js';
import { ownPaymentRoutes } from '../payments/own-payment-routes.js';
import { refundRoutes } from '../refunds/refund-routes.js';
import { portalRoutes } from '../portal/portal-routes.js';
import { scheduleRoutes } from '../schedules/schedule-routes.js';
import { subscriptionRoutes } from '../subscriptions/subscription-routes.js';
import type { Route } from './route.js';

/** The whole API. What is not here answers 404; what a route does not list answers `parameter_unknown`. */
export const apiRoutes: readonly Route[] = [
  ...customerRoutes,
  ...paymentMethodRoutes,
  ...catalogueRoutes,
  ...catalogueChanges,
  ...checkoutRoutes,
  ...paymentPageRoutes,
  ...portalRoutes,
  ...subscriptionRoutes,
  ...scheduleRoutes,
  ...invoiceRoutes,
  ...ownInvoiceRoutes,
  ...invoicePaymentRoutes,
  ...paymentRoutes,
  ...ownPaymentRoutes,
  ...refundRoutes,
  ...disputeRoutes,
  ...eventRoutes,
  ...cliSessionRoutes,
];
