import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { found, invalid } from '../api/stripe-error.js';
import { Chaos } from '../chaos/chaos.js';
import type { SimulatorConfig } from '../config.js';
import { Deliveries } from '../events/deliveries.client.js';
import { sendPage } from '../pages/send.js';
import { configToken } from '../tokens.js';
import { advanceTo } from '../world/due.js';
import { World } from '../world/world.js';
import { parseControl } from './body.js';
import { indexPage } from './index.page.js';

const tenYears = 10 * 366 * 24 * 3600;
const maxWaitMs = 30_000;

const seconds = z.coerce.number().int().min(0).max(tenYears);
const advanceRequest = z.strictObject({
  seconds: seconds.optional(),
  to: z
    .union([z.number().int(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) / 1000)])
    .optional(),
  wait_for_deliveries: z.boolean().optional(),
});

/** The simulator's own door, which no real Stripe has: clock, state, deliveries. */
@Controller()
export class SimulatorController {
  constructor(
    private readonly world: World,
    private readonly deliveries: Deliveries,
    private readonly chaos: Chaos,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {}

  @Get()
  index(@Res() reply: FastifyReply): void {
    const { world, deliveries, chaos, config } = this;
    void sendPage(reply, 200, indexPage({ world, deliveries, chaos: chaos.state(), config }));
  }

  @Get('_simulator/health')
  health() {
    return { status: 'ok', now: this.world.now() };
  }

  /** Answers once the state has changed; with `wait_for_deliveries`, once the endpoint has taken every event too. */
  @Post('_simulator/advance')
  @HttpCode(200)
  async advance(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const input = parseControl(advanceRequest, body);
    advanceTo(this.world, this.targetOf(input));
    // The index page's buttons are plain forms.
    if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
      return void reply.redirect('/', 303);
    }
    if (input.wait_for_deliveries === true) await this.deliveries.untilIdle(maxWaitMs);
    void reply.send({ now: this.world.now(), pending_deliveries: this.deliveries.summary().pending });
  }

  private targetOf({ seconds: by, to }: z.output<typeof advanceRequest>): number {
    const now = this.world.now();
    if ((by === undefined) === (to === undefined)) throw invalid('seconds', 'Give either seconds or to.');
    const target = to === undefined ? now + (by ?? 0) : Math.floor(to);
    if (target < now) throw invalid('to', 'The clock only moves forward.');
    if (target > now + tenYears) throw invalid('to', 'At most ten years at once.');
    return target;
  }

  /** Every object there is, or those of the tables named: for tests that compare another system with the truth. */
  @Get('_simulator/state')
  state(@Query('tables') named?: string) {
    const tables = this.tables();
    const counts = Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.length]));
    const wanted = Object.entries(tables).filter(([name]) => named?.split(',').includes(name) ?? true);
    return { now: this.world.now(), counts, ...Object.fromEntries(wanted) };
  }

  private tables() {
    return {
      customers: [...this.world.customers.values()],
      subscriptions: [...this.world.subscriptions.values()],
      subscription_schedules: [...this.world.schedules.values()],
      invoices: [...this.world.invoices.values()],
      invoice_payments: [...this.world.invoicePayments.values()],
      charges: [...this.world.charges.values()],
      refunds: [...this.world.refunds.values()],
      disputes: [...this.world.disputes.values()],
      checkout_sessions: [...this.world.checkoutSessions.values()],
      payment_methods: [...this.world.paymentMethods.values()],
      portal_sessions: [...this.world.portalSessions.values()],
      events: [...this.world.events.values()],
    };
  }

  @Get('_simulator/deliveries')
  showDeliveries() {
    return this.deliveries.summary();
  }

  /** Delivers an event again: Stripe may send any event twice. */
  @Post('_simulator/events/:id/resend')
  @HttpCode(200)
  resend(@Param('id') id: string) {
    this.deliveries.enqueue(found(this.world.events, id, 'event'));
    return { id };
  }

  @Post('_simulator/reset')
  @HttpCode(200)
  reset() {
    this.chaos.reset();
    this.deliveries.reset();
    this.world.reset();
    return { now: this.world.now() };
  }
}
