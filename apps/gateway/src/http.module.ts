import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import { problemFor } from '@billhook/runtime';
import { BadRequestException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountController } from './account/account.controller.js';
import type { GatewayConfig } from './config.js';
import { ErrorPageFilter } from './pages/error-page.filter.js';
import { Refusals } from './refusals/refusals.store.js';
import { securityHeaders } from './security-headers.js';
import { answerDirectly } from './sign-in/direct-route.hook.js';

/** Nothing that comes here is long: a plan, a flag. */
export const maxBodyBytes = 16 * 1024;

/** A NUL in an address is nobody's id, and PostgreSQL takes none in a text. */
const nul = /%00/;

/** What Fastify itself finds wrong with an address before there is a route: the filters hear nothing of it. */
export function answerBadAddress(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemFor(error, request.id);
  void reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** Cookies, security headers, CORS, error answers, and what is answered without Nest's pipeline, before the service listens. */
export async function configureHttp(app: NestFastifyApplication, config: GatewayConfig): Promise<void> {
  // Not by Nest's enableCors: it sets these headers a second time on the raw answer, for middlewares that answer by themselves (none
  // does), and with a header there Node writes all of them one by one.
  await app.register(cors, {
    origin: config.CORS_ORIGINS,
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: ['retry-after'],
    allowedHeaders: ['authorization', 'content-type'],
    maxAge: 600,
  });
  const headers = securityHeaders({ publicUrl: config.PUBLIC_URL, signInUrl: config.SIGN_IN_URL });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      void reply.headers(headers);
      done(nul.test(request.url) ? new BadRequestException() : undefined);
    });
  await app.register(cookie);
  const accounts = app.get(AccountController);
  answerDirectly(app, { key: 'GET /v1/account', answer: (request, reply) => accounts.read(request, reply) });
  app.useGlobalFilters(new ErrorPageFilter(config, app.get(Refusals)));
}
