import { Body, Controller, Delete, Get, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { parseControl } from '../control/body.js';
import { Deliveries } from '../events/deliveries.client.js';
import { Chaos } from './chaos.js';
import { chaosRequest } from './chaos.request.js';

/** Turns faults on, shows what they have done, and turns them off. */
@Controller('_simulator/chaos')
export class ChaosController {
  constructor(
    private readonly chaos: Chaos,
    private readonly deliveries: Deliveries,
  ) {}

  @Get()
  show() {
    return this.chaos.state();
  }

  @Post()
  @HttpCode(200)
  start(@Body() body: unknown) {
    this.chaos.start(parseControl(chaosRequest, body));
    this.deliveries.calmDown();
    return this.chaos.state();
  }

  /** What is held back is sent now, and what is tried again goes well. */
  @Delete()
  end() {
    this.chaos.end();
    this.deliveries.calmDown();
    return this.chaos.state();
  }

  /** The index page's button is a plain form, which cannot DELETE. */
  @Post('end')
  endByForm(@Res() reply: FastifyReply): void {
    this.end();
    void reply.redirect('/', 303);
  }
}
