import { RequestMethod } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAudit } from './audit.spec-support.js';
import type { AuditUnderTest } from './audit.spec-support.js';
import { opened } from './trail.spec-support.js';
import { isConsole } from './console/session.js';

const canary = 'canary-of-the-trail';
/** Files of the look, which say nothing of anybody. */
const openToAll = ['/console/assets/:name'];

let audit: AuditUnderTest;
let routes: { method: string; path: string }[];

beforeAll(async () => {
  audit = await startAudit();
  await audit.append([opened(canary, { id: canary, remoteaddress: '203.0.113.7', actor: `user:${canary}` })]);
  routes = routesOf(audit).filter(({ path }) => !openToAll.includes(path));
});
afterAll(async () => {
  await audit?.stop();
});

/** As Nest knows them: it keeps a handler's path and method as metadata under these names; a queue's handler has no method. */
function routesOf({ app }: AuditUnderTest): { method: string; path: string }[] {
  const [scanner, reflector] = [new MetadataScanner(), new Reflector()];
  return new DiscoveryService(app.get(ModulesContainer)).getControllers().flatMap(({ metatype }) => {
    const prototype: unknown = metatype?.prototype;
    if (typeof metatype !== 'function' || typeof prototype !== 'object' || prototype === null) return [];
    const starts = [reflector.get<string | string[]>('path', metatype)].flat();
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler: unknown = Reflect.get(prototype, name);
      if (typeof handler !== 'function') return [];
      const method = reflector.get<RequestMethod | undefined>('method', handler);
      if (method === undefined) return [];
      const end = reflector.get<string>('path', handler);
      return starts.map((start) => ({ method: RequestMethod[method], path: pathOf(start, end) }));
    });
  });
}

const pathOf = (...parts: string[]): string => `/${parts.join('/')}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');

/** A request as the console's pages or a program would send it, filled in so that who may ask would see the canary. */
async function ask({ method, path }: { method: string; path: string }, roles: string[] | null): Promise<Response> {
  const token = roles === null ? undefined : await audit.tokenFor(roles);
  const held = isConsole(path) ? { cookie: `billhook_session=${token}` } : { authorization: `Bearer ${token}` };
  const form = {
    'content-type': 'application/x-www-form-urlencoded',
    origin: 'http://127.0.0.1',
    'sec-fetch-site': 'same-origin',
  };
  const query = path.endsWith('/export') ? '?format=ndjson' : path.endsWith('/tail') ? '?since=0' : '';
  return fetch(audit.url + path.replace(':id', canary) + query, {
    method,
    redirect: 'manual',
    headers: { ...(token !== undefined && held), ...(method === 'POST' && form) },
    ...(method === 'POST' && { body: `id=${canary}&note=because` }),
  });
}

async function entries(): Promise<unknown> {
  const [row] = await audit.superuser('SELECT count(*)::int AS n FROM audit.entry');
  return row?.['n'];
}

describe('S17: whoever has not the role ops', () => {
  it('is asked for a token, or led to the sign-in page, on every route of the service', async () => {
    expect(routes.length).toBeGreaterThan(15);
    for (const route of routes) {
      const answer = await ask(route, null);
      expect([route, answer.status]).toEqual([route, isConsole(route.path) ? 303 : 401]);
      expect(await answer.text()).not.toContain(canary);
    }
  });

  it.each([[['user']], [['service']], [['user', 'service']], [[]]])(
    'sees nothing on any route, and leaves no entry: roles %j',
    async (roles) => {
      const before = await entries();
      for (const route of routes) {
        const answer = await ask(route, roles);
        expect([route, answer.status]).toEqual([route, 403]);
        expect((await answer.text()).replaceAll(route.path.replace(':id', canary), '')).not.toContain(canary);
      }
      expect(await entries()).toBe(before);
    },
  );

  it('would have seen it with the role', async () => {
    const shown = routes.filter(
      ({ method, path }) => method === 'GET' && /entries$|entries\/:id$|users|console$/.test(path),
    );
    for (const route of shown) expect(await (await ask(route, ['ops'])).text()).toContain(canary);
    expect(shown.length).toBeGreaterThanOrEqual(6);
  });
});
