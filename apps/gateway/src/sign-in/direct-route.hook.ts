import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EntranceGuard } from './entrance.guard.js';
import { Routes } from './routes.module.js';

/** `GET /v1/account`: method and path as Nest knows them. */
export interface DirectRoute {
  key: string;
  /** What the controller's method does, which sends the answer itself. */
  answer: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/**
 * Spares a route Nest's pipeline (an execution context, Observables, parameters and their pipes), which costs more than an answer
 * from memory. It stays a route of a controller, so that whatever looks at routes finds it; the entrance before it is the one of every
 * other, with what the route's own mark asks for, and the filters hear of its errors. No interceptor and no pipe runs.
 */
export function answerDirectly(app: NestFastifyApplication, { key, answer }: DirectRoute): void {
  const needs = app
    .get(Routes)
    .all()
    .find(({ method, path }) => `${method} ${path}` === key)?.needs;
  if (needs === undefined) throw new Error(`${key} is to be answered directly, and is no route marked @SignedIn`);
  const entrance = app.get(EntranceGuard);
  let isFound = false;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onReady', (done) =>
      done(isFound ? undefined : new Error(`${key} is to be answered directly, and is nowhere`)),
    )
    .addHook('onRoute', (route) => {
      if (`${String(route.method)} ${route.url}` !== key) return;
      isFound = true;
      route.handler = async (request, reply) => {
        await entrance.admit(request, needs);
        return answer(request, reply);
      };
    });
}
