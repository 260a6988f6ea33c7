import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import qs from 'qs';
import { Chaos } from '../chaos/chaos.js';
import type { ApiFault } from '../chaos/chaos.request.js';
import type { SimulatorConfig } from '../config.js';
import { configToken } from '../tokens.js';
import { newId } from '../world/ids.js';
import { World } from '../world/world.js';
import { apiRoutes } from './api-routes.js';
import { answerTo, keepAnswerTo } from './api.js';
import type { ApiAnswer, ApiRequest } from './api.js';
import { brokenAnswer } from './broken-answers.js';

interface Exchange {
  request: FastifyRequest;
  reply: FastifyReply;
  api: ApiRequest;
}

/** The API's one door: turns HTTP into an `ApiRequest` and back. */
@Controller()
export class ApiController {
  constructor(
    private readonly world: World,
    private readonly chaos: Chaos,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {}

  @All(['v1/*', 'v2/*'])
  handle(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const exchange = { request, reply, api: toApiRequest(request) };
    const met = this.chaos.apiFaultFor({ ...exchange.api, now: performance.now() });
    if (met === null) this.send(reply, this.answer(exchange.api));
    else this.misbehave(met.fault, { ...exchange, ended: met.ended });
  }

  private answer(request: ApiRequest): ApiAnswer {
    return answerTo({ world: this.world, routes: apiRoutes, secretKey: this.config.secretKey }, request);
  }

  private send(reply: FastifyReply, { status, headers, body }: ApiAnswer): void {
    void reply
      .code(status)
      .headers(headers)
      // Stripe's `Date` ranks a fetched snapshot among events, so it follows this account's clock, not the wall's.
      .header('date', new Date(this.world.now() * 1000).toUTCString())
      .send(body);
  }

  private misbehave(fault: ApiFault, { request, reply, api, ended }: Exchange & { ended: AbortSignal }): void {
    const hangUp = () => void request.raw.socket.resetAndDestroy();
    switch (fault.fault) {
      case 429:
      case 500:
      case 503: {
        const answer = brokenAnswer(fault, newId('req_'));
        if (fault.fault === 500 && fault.kept) keepAnswerTo(this.world, api, answer);
        return this.send(reply, answer);
      }
      case 'hang': {
        if (fault.ms === undefined) return ended.addEventListener('abort', hangUp, { once: true });
        // Done now and told later: whoever gave up meanwhile was wrong to think nothing had happened.
        const answer = this.answer(api);
        return void setTimeout(() => this.send(reply, answer), fault.ms).unref();
      }
      case 'reset':
        return hangUp();
      case 'commit_then_reset':
        this.answer(api);
        return hangUp();
      default:
        return fault satisfies never;
    }
  }
}

function toApiRequest(request: FastifyRequest): ApiRequest {
  const [path = '', query = ''] = request.url.split('?');
  return {
    method: request.method,
    path: decodeURI(path),
    params: request.method === 'POST' ? (request.body ?? {}) : parseQuery(query),
    authorization: request.headers.authorization,
    idempotencyKey: headerOf(request, 'idempotency-key'),
    version: headerOf(request, 'stripe-version'),
  };
}

/** Brackets nest (`items[0][price]`); SDKs send indexes for arrays, curl examples send `expand[]`. */
export const parseQuery = (query: string) => qs.parse(query, { depth: 8, arrayLimit: 200, parameterLimit: 1000 });

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
