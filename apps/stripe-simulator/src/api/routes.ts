import { catalogueRoutes } from '../catalogue/routes.js';
import { checkoutRoutes } from '../checkout/routes.js';
import { customerRoutes } from '../customers/routes.js';
import { paymentMethodRoutes } from '../customers/payment-methods.js';
import { eventRoutes } from '../events/routes.js';
import { invoiceRoutes } from '../invoices/routes.js';
import { portalRoutes } from '../portal/routes.js';
import { subscriptionRoutes } from '../subscriptions/routes.js';
import type { Route } from './route.js';

/** The whole API. What is not here answers 404; what a route does not list answers `parameter_unknown`. */
export const routes: readonly Route[] = [
  ...customerRoutes,
  ...paymentMethodRoutes,
  ...catalogueRoutes,
  ...checkoutRoutes,
  ...portalRoutes,
  ...subscriptionRoutes,
  ...invoiceRoutes,
  ...eventRoutes,
];
