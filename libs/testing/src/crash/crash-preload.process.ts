// Loaded with `node --import` before a service's own code, by tests only; it is no part of the production image.
//   CRASH_AT=C5:3         kill this process at the third passage of C5
//   CRASH_WAITS=1         … counted from the SIGUSR2 that arms it; the next SIGUSR2 disarms it
import { createRequire } from 'node:module';
import { Server, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { parseCrash } from './crash-points.js';
import type { CrashPoint } from './crash-points.js';
import { wrapMethod } from './wrap-method.js';

const planned = parseCrash(process.env['CRASH_AT'] ?? '');
let isArmed = process.env['CRASH_WAITS'] !== '1';
let passages = 0;
process.on('SIGUSR2', () => (isArmed = !isArmed));

/** The process ends inside this call, as it would by a power cut: nothing is flushed, nobody is told. */
function pass(...points: CrashPoint[]): void {
  if (!isArmed || !points.includes(planned.point)) return;
  passages += 1;
  if (passages === planned.nth) process.kill(process.pid, 'SIGKILL');
}

watchHttp();
watchBroker();
watchDatabase();

function watchHttp(): void {
  const isDelivery = (request: unknown): boolean =>
    request instanceof Object && 'url' in request && request.url === '/webhook/stripe';
  wrapMethod(Server.prototype, 'emit', (call, [event, request]) => {
    if (event === 'request' && isDelivery(request)) pass('I1');
    return call();
  });
  wrapMethod(ServerResponse.prototype, 'end', (call, _parameters, response) => {
    const accepts =
      response instanceof ServerResponse && response.statusCode === 200 && isDelivery(Reflect.get(response, 'req'));
    if (accepts) pass('I4');
    const result = call();
    if (accepts) pass('I5');
    return result;
  });
}

function watchBroker(): void {
  const Channel = channelClass('Channel');
  const ConfirmChannel = channelClass('ConfirmChannel');
  wrapMethod(ConfirmChannel, 'publish', (call, [, routingKey]) => {
    const isStripes = String(routingKey).startsWith('stripe.');
    pass(isStripes ? 'I2' : 'O1');
    const result = call();
    // What is published leaves in the next turns of the event loop; the confirm takes longer than those.
    setImmediate(() => setImmediate(() => pass(isStripes ? 'I3' : 'O2')));
    return result;
  });
  wrapMethod(Channel, 'consume', (call, parameters) => {
    const deliver: unknown = parameters[1];
    if (typeof deliver !== 'function') throw new Error('consume was called without a callback');
    parameters[1] = (message: unknown): unknown => {
      if (message !== null) pass('C1', 'A1');
      const result: unknown = Reflect.apply(deliver, undefined, [message]);
      return result;
    };
    return call();
  });
  wrapMethod(Channel, 'ack', (call) => {
    pass('C6', 'A5');
    const result = call();
    pass('C7');
    return result;
  });
}

/** The prototype of one of amqplib's channels: the package does not export them, its own file does. */
function channelClass(name: string): object {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve('amqplib')), 'lib', 'channel_model.js');
  const exported: unknown = require(file);
  const found: unknown = exported instanceof Object ? Reflect.get(exported, name) : undefined;
  if (typeof found !== 'function') throw new Error(`amqplib has no ${name} where it was`);
  const prototype: unknown = Reflect.get(found, 'prototype');
  if (!(prototype instanceof Object)) throw new Error(`amqplib's ${name} is no class`);
  return prototype;
}

const marks = { inbox: /\binsert into (\w+\.)?"?inbox\b/i, append: /\bappend_entries\b/i };
const state = /\binsert into ("?\w+"?\.)?"?(account|subscription|payment)"?\b/i;
const outboxMark = /\bupdate (\w+\.)?"?outbox\b/i;

/** Connections in a transaction of the inbox, told by what was said on them. */
const inHand = new WeakSet<object>();

function watchDatabase(): void {
  wrapMethod(pg.Client.prototype, 'query', (call, parameters, client) => {
    const text = textOf(parameters[0]);
    before(text, client);
    const result = answered(call(), () => after(text, client));
    sent(text, client);
    if (/^\s*(commit|rollback)\b/i.test(text)) inHand.delete(client);
    return result;
  });
}

function before(text: string, client: object): void {
  if (/^\s*commit\b/i.test(text) && inHand.has(client)) pass('C4');
  if (marks.append.test(text)) pass('A2');
  if (outboxMark.test(text)) pass('O3');
}

function after(text: string, client: object): void {
  if (marks.inbox.test(text)) {
    inHand.add(client);
    pass('C2');
  }
  if (marks.append.test(text)) pass('A4');
  if (state.test(text) && inHand.has(client)) pass('C3');
  if (outboxMark.test(text)) pass('O4');
}

function sent(text: string, client: object): void {
  if (/^\s*commit\b/i.test(text) && inHand.has(client)) pass('C5');
  if (marks.append.test(text)) pass('A3');
}

function answered(result: unknown, then: () => void): unknown {
  if (!(result instanceof Promise)) return result;
  return result.then((value: unknown) => {
    then();
    return value;
  });
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  if (query instanceof Object && 'text' in query && typeof query.text === 'string') return query.text;
  return '';
}
