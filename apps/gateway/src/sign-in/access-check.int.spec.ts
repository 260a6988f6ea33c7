import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService } from '@billhook/runtime';
import { Controller, Delete, Get } from '@nestjs/common';
import { GatewayConfig } from '../config.js';
import { GatewayModule, gatewayService } from '../gateway.module.js';
import { startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { SignedIn } from './access.js';

@Controller('v1/forgotten')
class ForgottenController {
  @Get()
  read(): string {
    return 'everything about everybody';
  }

  @Delete(':id')
  @SignedIn('api', 'ops')
  remove(): void {}
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

describe('a route that nobody has decided about', () => {
  it('stops the service at start, and is named', async () => {
    const config = Object.assign(new GatewayConfig(), gateway.app.get(GatewayConfig), { PORT: 0 });
    const module = GatewayModule.with(config);
    const careless = { ...module, controllers: [...(module.controllers ?? []), ForgottenController] };
    const start = startService({ ...gatewayService(config), module: careless });
    await expect(start).rejects.toThrow(/^GET \/v1\/forgotten must be either marked @SignedIn or on the list/);
  });
});
