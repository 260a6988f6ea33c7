import { Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { settleDue } from '../world/due.js';
import { World } from '../world/world.js';

/** Real time passes too: once a second, what has become due by itself is carried out. */
@Injectable()
export class Ticker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly world: World) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => settleDue(this.world), 1000);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
