import { identityOf, Refused, RequireRole } from '@billhook/runtime';
import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { userAgentOf } from '../ops/user-agent.js';
import { CustomerLinks } from './customer-link.store.js';
import { LinkRequest } from './link.request.js';

/** Stripe's customers, and whose they are. */
@Controller('v1/customers')
@RequireRole('ops')
export class CustomersController {
  constructor(private readonly links: CustomerLinks) {}

  /** Asked again, it answers the same and releases nothing more. */
  @Post(':customer_id/link')
  @HttpCode(200)
  async link(
    @Param('customer_id') customerId: string,
    @Body() { user_id: userId, reason }: LinkRequest,
    @Req() http: FastifyRequest,
  ): Promise<{ customer_id: string; user_id: string; released_events: number }> {
    if (customerId.length > 255 || customerId.includes('\0')) throw new Refused('not_found');
    const from = { requestId: http.id, remoteAddress: http.ip, userAgent: userAgentOf(http) };
    const released = await this.links.link({ customerId, userId, reason, by: identityOf(http).userId, ...from });
    return { customer_id: customerId, user_id: userId, released_events: released };
  }
}
