import type { Role } from '@billhook/runtime';
import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { ThemeInterceptor } from '../preferences/theme.interceptor.js';
import { FormOnceInterceptor } from './form-once.interceptor.js';

/** How a route is entered: `page` by the session cookie, leading strangers to the sign-in page; `api` answers them 401. */
export type Access = 'page' | 'api';

/** What a route asks of whoever comes. */
export interface Requirement {
  access: Access;
  role: Role;
}

export const accessKey = 'billhook:access';

/**
 * Marks a controller or a route as only for who is signed in, and has the role. What only pages need is bound to them alone: every
 * interceptor costs each request an Observable, and `/v1` is asked far more often.
 */
export const SignedIn = (access: Access, role: Role = 'user') =>
  applyDecorators(
    SetMetadata(accessKey, { access, role } satisfies Requirement),
    ...(access === 'page' ? [UseInterceptors(FormOnceInterceptor, ThemeInterceptor)] : []),
  );

/**
 * Every route that answers without a sign-in. Anything that is neither here nor marked `@SignedIn` stops the service at
 * start, so that a route cannot be open by omission.
 */
export const publicRoutes: ReadonlySet<string> = new Set([
  'GET /',
  'GET /pricing',
  'GET /assets/billhook.css',
  'GET /assets/icon.svg',
  'GET /assets/inter.woff2',
  'GET /assets/account.js',
  'GET /assets/handoff.js',
  'GET /assets/onward.js',
  'GET /assets/success.js',
  'GET /docs',
  'GET /openapi.json',
  'GET /v1/plans',
  // Takes the bearer token itself: it is how a session begins.
  'POST /v1/session',
  // Signing out must work with a session that has expired.
  'DELETE /v1/session',
]);

export interface Route {
  method: string;
  path: string;
  needs: Requirement | undefined;
}

/** What is wrong with the service's routes: open by omission, or on the list without existing. Empty when nothing is. */
export function accessProblems(routes: readonly Route[]): string[] {
  const keys = routes.map((route) => ({ ...route, key: `${route.method} ${route.path}` }));
  const existing = new Set(keys.map((route) => route.key));
  return [
    ...keys
      .filter((route) => (route.needs === undefined) !== publicRoutes.has(route.key))
      .map((route) => `${route.key} must be either marked @SignedIn or on the list of public routes`),
    ...[...publicRoutes].filter((key) => !existing.has(key)).map((key) => `${key} is on the list but does not exist`),
  ];
}
