import type { z } from 'zod';
import type { World } from '../world/world.js';
import { parseParams } from './params.js';

type Method = 'GET' | 'POST' | 'DELETE';

/** One operation of the API: everything it accepts stands in its schema, anything else is `parameter_unknown`. */
export interface Route {
  method: Method;
  /** With `:name` for an id; `ids` carries them in order. */
  path: string;
  /** Checks the parameters; the result carries the operation out. Two steps, as only the second one is idempotent. */
  prepare(raw: unknown): (world: World, ids: string[]) => object;
}

interface RouteInput<S extends z.ZodType> {
  method: Method;
  path: string;
  params: S;
  handle: (call: { world: World; ids: string[]; id: string; input: z.output<S> }) => object;
}

export function route<S extends z.ZodType>({ method, path, params, handle }: RouteInput<S>): Route {
  return {
    method,
    path,
    prepare: (raw) => {
      const input = parseParams(params, raw);
      return (world, ids) => handle({ world, ids, id: ids[0] ?? '', input });
    },
  };
}

/** Finds the operation for a request; literal paths come before those with ids in the registry. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; ids: string[] } | undefined {
  for (const candidate of routes) {
    const ids = candidate.method === method ? idsIn(candidate.path, path) : undefined;
    if (ids) return { route: candidate, ids };
  }
  return undefined;
}

function idsIn(pattern: string, path: string): string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const isMatch = wanted.every((part, index) => part.startsWith(':') || part === given[index]);
  return isMatch ? given.filter((_, index) => wanted[index]?.startsWith(':')) : undefined;
}
