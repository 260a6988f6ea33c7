import { newId } from '../world/ids.js';
import { isVersion } from '../versions/api-version.js';
import { isOlder, renderIn } from '../versions/render.js';
import { isJsonObject } from '../world/json.js';
import type { World } from '../world/world.js';
import { expand } from './expand.js';
import { earlierAnswer, fingerprintOf, keepAnswer } from './idempotency.js';
import { matchRoute } from './route.js';
import type { Route } from './route.js';
import { invalid, StripeFault, unknownPath } from './stripe-error.js';

export interface ApiRequest {
  method: string;
  path: string;
  params: unknown;
  authorization: string | undefined;
  idempotencyKey: string | undefined;
  /** `Stripe-Version`; without it, the account's. */
  version: string | undefined;
}

export interface ApiAnswer {
  status: number;
  body: object;
  headers: Record<string, string>;
}

interface Api {
  world: World;
  routes: readonly Route[];
  secretKey: string;
}

/** Answers one API request: key, path, earlier answer, parameters, effect; every refusal in Stripe's error shape. */
export function answerTo(api: Api, request: ApiRequest): ApiAnswer {
  const requestId = newId('req_');
  const version = request.version ?? api.world.settings.api_version;
  const headers = { 'request-id': requestId, 'stripe-version': version };
  try {
    checkKey(request.authorization, api.secretKey);
    if (!isVersion(version)) throw invalid('', `Invalid Stripe API version: ${version}`);
    const answer = route(api, request, requestId);
    // Only after the answer is kept for its idempotency key: the same answer may be asked for in another version.
    const body = isOlder(version) ? renderIn(api.world, version, answer.body) : answer.body;
    return { ...answer, body, headers: { ...headers, ...answer.headers } };
  } catch (error) {
    if (!(error instanceof StripeFault)) throw error;
    return { status: error.status, body: error.body, headers };
  }
}

function route(api: Api, request: ApiRequest, requestId: string): ApiAnswer {
  const match = matchRoute(api.routes, request.method, request.path);
  if (match === undefined) throw unknownPath(request.method, request.path);
  const { params, paths } = withoutExpand(request.params);
  const run = () => {
    const perform = match.route.prepare(params);
    const cause = { id: requestId, idempotencyKey: request.idempotencyKey ?? null };
    return () =>
      expand(
        api.world,
        api.world.causedBy(cause, () => perform(api.world, match.ids)),
        paths,
      );
  };
  if (request.method !== 'POST' || request.idempotencyKey === undefined) {
    return { status: 200, body: run()(), headers: {} };
  }
  return once(api.world, { ...request, key: request.idempotencyKey }, { requestId, prepare: run });
}

interface Operation {
  requestId: string;
  prepare: () => () => object;
}

/** With an idempotency key the first answer is kept, errors too, except when the parameters were refused beforehand. */
function once(world: World, request: ApiRequest & { key: string }, operation: Operation): ApiAnswer {
  if (request.key.length > 255) throw invalid('Idempotency-Key', 'Idempotency keys are at most 255 characters long.');
  const identity = { endpoint: request.path, fingerprint: fingerprintOf(request.params) };
  const earlier = earlierAnswer(world.answers, { key: request.key, ...identity, now: world.now() });
  if (earlier) {
    const headers = { 'idempotent-replayed': 'true', 'original-request': earlier.requestId };
    return { status: earlier.status, body: earlier.body, headers };
  }
  const perform = operation.prepare();
  const answer = settle(perform);
  const stored = { ...identity, ...answer, requestId: operation.requestId, at: world.now() };
  keepAnswer(world.answers, request.key, stored);
  return { ...answer, headers: { 'original-request': operation.requestId } };
}

function settle(perform: () => object): { status: number; body: object } {
  try {
    return { status: 200, body: perform() };
  } catch (error) {
    if (!(error instanceof StripeFault)) throw error;
    return { status: error.status, body: error.body };
  }
}

/** Keeps an answer as the first one to a request's idempotency key, as Stripe does with a 500 it ran into on the way. */
export function keepAnswerTo(world: World, request: ApiRequest, answer: ApiAnswer): void {
  const { method, path, params, idempotencyKey: key } = request;
  if (method !== 'POST' || key === undefined || world.answers.has(key)) return;
  const { status, body, headers } = answer;
  const identity = { endpoint: path, fingerprint: fingerprintOf(params) };
  keepAnswer(world.answers, key, {
    ...identity,
    status,
    body,
    requestId: headers['request-id'] ?? '',
    at: world.now(),
  });
}

/** `expand` belongs to every operation, so it is taken out before an operation's own parameters are checked. */
function withoutExpand(raw: unknown): { params: unknown; paths: string[] } {
  if (!isJsonObject(raw)) return { params: {}, paths: [] };
  const { expand: wanted = [], ...params } = raw;
  if (!Array.isArray(wanted)) throw invalid('expand', 'Invalid array');
  return { params, paths: wanted.map(String) };
}

function checkKey(authorization: string | undefined, secretKey: string): void {
  const key = keyIn(authorization ?? '');
  if (key === '') throw refusedKey('You did not provide an API key. Send it as `Authorization: Bearer sk_test_…`.');
  if (!key.startsWith('sk_test_')) throw refusedKey('A pretend Stripe takes only keys that begin with sk_test_.');
  if (key !== secretKey) throw refusedKey(`Invalid API Key provided: sk_test_${'*'.repeat(8)}`);
}

/** Bearer, or Basic with the key as user name, as Stripe's own curl examples send it. */
function keyIn(authorization: string): string {
  const [scheme = '', value = ''] = authorization.split(' ');
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? '';
}

const refusedKey = (message: string) => new StripeFault({ status: 401, message });
