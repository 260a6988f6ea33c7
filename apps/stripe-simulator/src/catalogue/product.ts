import type Stripe from 'stripe';

interface ProductInput {
  id: string;
  name: string;
  created: number;
}
export const aProduct = ({ id, name, created }: ProductInput): Stripe.Product => ({
  id,
  object: 'product',
  active: true,
  created,
  default_price: null,
  description: `The ${name} plan`,
  images: [],
  livemode: false,
  marketing_features: [],
  metadata: {},
  name,
  package_dimensions: null,
  shippable: null,
  statement_descriptor: null,
  tax_code: null,
  tax_details: null,
  type: 'service',
  unit_label: null,
  updated: created,
  url: null,
});
