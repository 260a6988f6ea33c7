import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { found } from '../api/stripe-error.js';
import { parseControl } from '../control/body.js';
import { intentOf } from '../invoices/collect.js';
import { chargeNamed } from '../payments/payment-routes.js';
import { World } from '../world/world.js';
import { carryOn, openDispute } from './carry-on.js';
import { disputeSteps } from './dispute.js';

const openRequest = z.strictObject({
  charge: z.string().optional(),
  payment_intent: z.string().optional(),
  invoice: z.string().optional(),
  amount: z.number().int().optional(),
  reason: z.string().default('fraudulent'),
  kind: z.enum(['chargeback', 'inquiry'], { error: 'must be chargeback or inquiry' }).default('chargeback'),
});
const stepRequest = z.strictObject({
  to: z.enum(disputeSteps, { error: `must be one of ${disputeSteps.join(', ')}` }),
});

/** The cardholder's and the bank's side of a dispute, which at Stripe comes from outside. */
@Controller('_simulator/disputes')
export class DisputeController {
  constructor(private readonly world: World) {}

  @Post()
  @HttpCode(200)
  open(@Body() body: unknown) {
    const { charge: id, payment_intent: intent, invoice, amount, reason, kind } = parseControl(openRequest, body);
    const named =
      invoice === undefined ? intent : intentOf(this.world, found(this.world.invoices, invoice, 'invoice'))?.id;
    const charge = chargeNamed(this.world, { charge: id, payment_intent: named });
    return openDispute(this.world, { charge, amount: amount ?? charge.amount, reason, kind });
  }

  @Post(':id')
  @HttpCode(200)
  step(@Param('id') id: string, @Body() body: unknown) {
    return carryOn(this.world, found(this.world.disputes, id, 'dispute'), parseControl(stepRequest, body).to);
  }
}
