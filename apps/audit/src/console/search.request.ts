import { plainToInstance } from 'class-transformer';
import { IsIn, IsOptional, validateSync } from 'class-validator';
import { Refused } from '@billhook/runtime';
import type { EntryFilter } from '../query/entry-filter.js';
import { fieldsOf } from './fields.js';
import { Cursor, FilterRequest, toFilter } from '../query/entries.request.js';

export class SearchRequest extends FilterRequest {
  @Cursor()
  cursor?: string;

  @IsOptional()
  @IsIn(['on'], { message: 'live must be on, or left out' })
  live?: 'on';
}

export const filterNames = ['type', 'user_id', 'stripe_id', 'request_id', 'from', 'to', 'ip', 'q'] as const;
export type FilterName = (typeof filterNames)[number];
export type Typed = Partial<Record<FilterName, string>>;

export type SearchReading =
  | { kind: 'search'; typed: Typed; filter: EntryFilter; cursor: string | undefined; isLive: boolean }
  | { kind: 'unreadable'; typed: Typed; problems: string[] };

/** What is in the address. A field that was left empty is not asked for; what is wrong stays in its field. */
export function readSearch(query: unknown): SearchReading {
  const given = Object.entries(fieldsOf(query)).filter(([, value]) => typeof value !== 'string' || value.trim() !== '');
  const request = plainToInstance(SearchRequest, Object.fromEntries(given));
  const typed: Typed = Object.fromEntries(
    filterNames.flatMap((name) => (typeof request[name] === 'string' ? [[name, request[name]]] : [])),
  );
  const problems = validateSync(request).flatMap(({ constraints }) => Object.values(constraints ?? {}));
  if (problems.length > 0) return { kind: 'unreadable', typed, problems: [...new Set(problems)] };
  const { cursor, live } = request;
  try {
    return { kind: 'search', typed, filter: toFilter(request), cursor, isLive: live === 'on' };
  } catch (error) {
    if (error instanceof Refused) return { kind: 'unreadable', typed, problems: [error.detail ?? error.code] };
    throw error;
  }
}
