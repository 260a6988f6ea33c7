import { Injectable, RequestMethod } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { accessKey } from './access.js';
import type { Requirement, Route } from './access.js';

/** Every route of this service, as Nest knows them. */
@Injectable()
export class Routes {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  all(): Route[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      const prototype: unknown = metatype?.prototype;
      if (typeof metatype !== 'function' || typeof prototype !== 'object' || prototype === null) return [];
      const names = this.scanner.getAllMethodNames(prototype);
      return names.flatMap((name) => this.routesOf(metatype, Reflect.get(prototype, name)));
    });
  }

  /** Nest keeps a handler's path and method as metadata under these names; a queue's handler has no method. */
  private routesOf(controller: Function, handler: unknown): Route[] {
    if (typeof handler !== 'function') return [];
    const method = this.reflector.get<RequestMethod | undefined>('method', handler);
    if (method === undefined) return [];
    const paths = [this.reflector.get<string>('path', controller), this.reflector.get<string>('path', handler)];
    const path = `/${paths.join('/')}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
    const needs = this.reflector.getAllAndOverride<Requirement | undefined>(accessKey, [handler, controller]);
    return [{ method: RequestMethod[method], path, needs }];
  }
}
