import { errorTable } from '@billhook/runtime';
import type { ErrorCode } from '@billhook/runtime';
import { z } from 'zod';
import type { Requirement, Route } from '../sign-in/access.js';
import type { Operation } from './operations.js';
import { problem } from './schemas.js';

type Json = Record<string, unknown>;

export interface Described {
  method: string;
  path: string;
  needs: Requirement | undefined;
  operation: Operation;
}

/** The routes of `/v1` with what is said of each; those of which nothing is said are left out, and a spec finds them. */
export function describedRoutes(
  routes: readonly Route[],
  operations: Readonly<Record<string, Operation>>,
): Described[] {
  return routes.flatMap(({ method, path, needs }) => {
    const operation = operations[`${method} ${path}`];
    return operation === undefined ? [] : [{ method, path, needs, operation }];
  });
}

/** OpenAPI 3.1, whose schemas are JSON Schema as zod writes it. */
export function openApiDocument(described: readonly Described[], server: { url: string; cookieName: string }): Json {
  const paths: Record<string, Json> = {};
  for (const route of described) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Billhook gateway',
      version: '1',
      description: 'What a product’s frontend and backend ask of Billhook.',
    },
    servers: [{ url: server.url }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: server.cookieName,
          description: 'With an Origin that is PUBLIC_URL or listed in CORS_ORIGINS.',
        },
      },
    },
  };
}

function operationObject({ method, path, needs, operation }: Described): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary: operation.summary,
    ...(needs === undefined
      ? {}
      : { description: `Role: ${needs.role}.`, security: [{ bearer: [] }, { session: [] }] }),
    ...(names.length === 0 ? {} : { parameters: names.map(pathParameter) }),
    ...(operation.body === undefined ? {} : { requestBody: bodyObject(operation.body) }),
    responses: responsesOf(needs, operation),
  };
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', minLength: 1, maxLength: 255 } };
}

function bodyObject(body: z.ZodType): Json {
  return {
    required: !body.safeParse({}).success,
    content: { 'application/json': { schema: schemaOf(body, 'input') } },
  };
}

/** What every route may answer: its limits, our surroundings, a bug of ours. */
const everywhere: ErrorCode[] = ['rate_limited', 'database_unavailable', 'internal_error'];
/** Of a user's own routes besides. */
const ofUsers: ErrorCode[] = ['account_erased'];
const signedIn: ErrorCode[] = [
  'token_missing',
  'token_invalid',
  'token_expired',
  'role_missing',
  'origin_not_allowed',
  'identity_provider_unavailable',
];

function responsesOf(needs: Requirement | undefined, operation: Operation): Json {
  const { status, answer, also = {}, body } = operation;
  const type = operation.isStream === true ? 'text/event-stream' : 'application/json';
  const content = answer && { content: { [type]: { schema: schemaOf(answer, 'output') } } };
  return {
    [status]: { description: operation.summary, ...content },
    ...Object.fromEntries(Object.entries(also).map(([code, description]) => [code, { description }])),
    ...problemsOf([
      ...(needs === undefined ? [] : signedIn),
      ...(needs?.role === 'user' ? ofUsers : []),
      ...(operation.refusals ?? []),
      ...(body === undefined ? [] : (['body_too_large', 'media_type_unsupported'] as const)),
      ...everywhere,
    ]),
  };
}

/** One response for each status, naming its codes. */
function problemsOf(codes: readonly ErrorCode[]): Json {
  const statuses = [...new Set(codes.map((code) => errorTable[code].status))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const named = [...new Set(codes)].filter((code) => errorTable[code].status === status);
      const lines = named.map((code) => `\`${code}\`: ${errorTable[code].title}.`);
      const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
      return [status, { description: lines.join(' '), content }];
    }),
  );
}

/** JSON Schema without the name of its dialect, which OpenAPI 3.1 implies. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
