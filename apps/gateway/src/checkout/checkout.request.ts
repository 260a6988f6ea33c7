import { Allow } from 'class-validator';

/** The body of `POST /v1/checkout-sessions`. `toPlanChoice` reads the values: each has an error code of its own. */
export class CheckoutRequest {
  @Allow()
  tier?: unknown;

  @Allow()
  billing_cycle?: unknown;
}
