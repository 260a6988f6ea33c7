import type { QueryResultRow } from 'pg';
import type { ComparedRow } from './compare-rows.js';
import { pagesOf } from './cursor.store.js';
import type { Connection } from './cursor.store.js';

/**
 * What is compared of each table: all but what differs by nature. `without` are columns of when we wrote something, of how a row
 * came about rather than what it says (the order of one second's events), and of what follows from the rest and the clock.
 */
export const comparedTables = [
  { table: 'customer', key: ['customer_id'], without: ['linked_at', 'unknown_told_at'] },
  { table: 'account', key: ['user_id'], without: ['version', 'updated_at', 'body'], body: ['version', 'as_of'] },
  {
    table: 'subscription',
    key: ['subscription_id'],
    without: [
      'created_at',
      'updated_at',
      'order_started_from',
      'order_events',
      'next_look_at',
      'look_reason',
      'look_due_at',
      'looks_asked',
    ],
  },
  { table: 'payment', key: ['invoice_id', 'outcome', 'attempt'], without: [] },
  { table: 'stripe_object', key: ['kind', 'id'], without: ['updated_at'] },
] as const satisfies readonly ComparedTable[];

export interface ComparedTable {
  table: string;
  key: readonly string[];
  without: readonly string[];
  /** Names that the JSON of `body` is compared without, each of its others as a field of its own. */
  body?: readonly string[];
}

type Row = QueryResultRow & ComparedRow;

/** A table of the connection's schema in the order of its key, a page at a time. Inside a transaction. */
export async function* rowsOf(connection: Connection, compared: ComparedTable): AsyncGenerator<ComparedRow> {
  for await (const page of pagesOf<Row>(connection, `rows_of_${compared.table}`, selectRows(compared), pageSize)) {
    yield* page;
  }
}

const pageSize = 500;

function selectRows({ table, key, without, body }: ComparedTable): string {
  const name = key.map((column) => `${column}::text`).join(` || ' ' || `);
  const minus = (names: readonly string[]) => `- ARRAY[${names.map((each) => `'${each}'`).join(', ')}]::text[]`;
  const fields = `to_jsonb(${table}) ${minus(without)}`;
  const all = body === undefined ? fields : `${fields} || (${fieldsOf('body', minus(body))})`;
  return `
    SELECT key, name, fields
    FROM (SELECT encode(convert_to(${name}, 'UTF8'), 'hex') AS key, ${name} AS name, ${all} AS fields FROM ${table}) AS row
    ORDER BY key COLLATE "C"`;
}

/** Each value of a JSON column as a field of its own. */
function fieldsOf(column: string, minus: string): string {
  return `SELECT jsonb_object_agg('${column}.' || part.name, part.value) FROM jsonb_each(${column} ${minus}) AS part (name, value)`;
}
