import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { parseControl } from '../control/body.js';
import { World } from '../world/world.js';
import { settingsRequest, withSettings } from './settings.js';

/** What an account sets in Stripe's Dashboard, which has no API. */
@Controller('_simulator/settings')
export class SettingsController {
  constructor(private readonly world: World) {}

  @Get()
  show() {
    return this.world.settings;
  }

  @Post()
  @HttpCode(200)
  change(@Body() body: unknown) {
    this.world.settings = withSettings(this.world.settings, parseControl(settingsRequest, body));
    return this.world.settings;
  }
}
