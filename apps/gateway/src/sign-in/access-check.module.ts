import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { accessProblems } from './access.js';
import { Routes } from './routes.module.js';

/** Stops the service at start when a route is open without standing on the list of public ones. */
@Injectable()
export class AccessCheck implements OnApplicationBootstrap {
  constructor(private readonly routes: Routes) {}

  onApplicationBootstrap(): void {
    const problems = accessProblems(this.routes.all());
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }
}
