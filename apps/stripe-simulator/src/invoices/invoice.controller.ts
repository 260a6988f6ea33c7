import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import { World } from '../world/world.js';
import { invoicePage } from './invoice.page.js';

/** The hosted invoice page. */
@Controller('i')
export class InvoiceController {
  constructor(private readonly world: World) {}

  @Get(':id')
  show(@Param('id') id: string, @Res() reply: FastifyReply): void {
    const invoice = this.world.invoices.get(id);
    if (invoice === undefined) void sendPage(reply, 404, messagePage('Page not found', 'There is no such invoice.'));
    else void sendPage(reply, 200, invoicePage(invoice));
  }
}
