import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { invalid } from '../api/stripe-error.js';
import { parseControl } from '../control/body.js';
import { World } from '../world/world.js';
import { historyRequest } from './history.request.js';
import { makeHistory } from './make-history.js';

/** A large account in a second or two, for whoever measures how long it takes to read. */
@Controller('_simulator/history')
export class HistoryController {
  constructor(private readonly world: World) {}

  @Post()
  @HttpCode(200)
  make(@Body() body: unknown) {
    const wanted = parseControl(historyRequest, body);
    // Older than what has happened already, it would stand in the lists as the newest.
    if (this.world.events.size > 0) throw invalid('', 'An account that has events has its past: reset it first.');
    return { ...wanted, ...makeHistory(this.world, wanted) };
  }
}
