import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import qs from 'qs';
import type { SimulatorConfig } from '../config.js';
import { apiVersion } from '../events/event.js';
import { configToken } from '../tokens.js';
import { World } from '../world/world.js';
import { apiRoutes } from './api-routes.js';
import { answerTo } from './api.js';

/** The API's one door: turns HTTP into an `ApiRequest` and back. */
@Controller()
export class ApiController {
  constructor(
    private readonly world: World,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {}

  @All('v1/*')
  handle(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const [path = '', query = ''] = request.url.split('?');
    const api = { world: this.world, routes: apiRoutes, secretKey: this.config.secretKey };
    const answer = answerTo(api, {
      method: request.method,
      path: decodeURI(path),
      params: request.method === 'POST' ? (request.body ?? {}) : parseQuery(query),
      authorization: request.headers.authorization,
      idempotencyKey: headerOf(request, 'idempotency-key'),
    });
    void reply
      .code(answer.status)
      .headers(answer.headers)
      .header('stripe-version', apiVersion)
      // Stripe's `Date` ranks a fetched snapshot among events, so it follows this account's clock, not the wall's.
      .header('date', new Date(this.world.now() * 1000).toUTCString())
      .send(answer.body);
  }
}

/** Brackets nest (`items[0][price]`); SDKs send indexes for arrays, curl examples send `expand[]`. */
export const parseQuery = (query: string) => qs.parse(query, { depth: 8, arrayLimit: 200, parameterLimit: 1000 });

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
