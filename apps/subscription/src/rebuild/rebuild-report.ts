import type { FieldDifference, RowDifference, TableComparison } from './compare-rows.js';

/** Events that were taken once and cannot be applied again. Times are those of when they came in; null when there is none. */
export interface Hole {
  count: number;
  from: Date | null;
  until: Date | null;
}

export interface RebuildReport {
  events: number;
  seconds: number;
  tables: { table: string; comparison: TableComparison }[];
  /** Taken once, and not kept any more. */
  lost: Hole;
  redacted: Hole;
  /** Subscriptions about which Stripe would have to be asked, and live does not wait for its answer. */
  unanswered: string[];
  failed: { id: string; reason: string }[];
}

/** Whether any row is not as the events make it. Holes alone are not: what they hid may have mattered to no row that is left. */
export function hasDifferences({ tables }: RebuildReport): boolean {
  return tables.some(({ comparison: { missing, extra, different } }) => missing + extra + different > 0);
}

const idsShown = 20;

/** For people: a line for each table, each difference with its fields, and what could not be rebuilt. */
export function toLines(report: RebuildReport): string[] {
  const { events, seconds, tables, lost, redacted, unanswered, failed } = report;
  return [
    `${events} events applied again in ${seconds.toFixed(1)} s`,
    ...tables.flatMap(({ table, comparison }) => tableLines(table, comparison)),
    ...holeLines('are not kept any more', lost),
    ...holeLines('were redacted by an erasure', redacted),
    ...listLines('subscriptions need Stripe: its answer is not among the events', unanswered),
    ...listLines(
      'events were applied once and fail now',
      failed.map(({ id, reason }) => `${id}: ${reason}`),
    ),
    verdict(report),
  ];
}

function tableLines(table: string, { equal, missing, extra, different, examples }: TableComparison): string[] {
  return [
    `${table}: ${equal} equal, ${missing} missing, ${extra} extra, ${different} different`,
    ...examples.flatMap((difference) => differenceLines(table, difference)),
  ];
}

function differenceLines(table: string, difference: RowDifference): string[] {
  const name = `  ${table} ${difference.name}`;
  switch (difference.kind) {
    case 'missing':
      return [`${name}: missing, the events lead to it`];
    case 'extra':
      return [`${name}: extra, no event that is kept leads to it`];
    case 'different':
      return [`${name}: different`, ...difference.fields.map(fieldLine)];
    default:
      return difference satisfies never;
  }
}

function fieldLine({ field, live, rebuilt }: FieldDifference): string {
  return `    ${field}: ${written(live)}, rebuilt ${written(rebuilt)}`;
}

function written(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function holeLines(what: string, { count, from, until }: Hole): string[] {
  if (count === 0 || from === null || until === null) return [];
  return [
    `${count} events ${what} (taken from ${from.toISOString()} to ${until.toISOString()}): not rebuildable since then`,
  ];
}

function listLines(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > idsShown ? [`  and ${ids.length - idsShown} more`] : [];
  return [`${ids.length} ${what}`, ...ids.slice(0, idsShown).map((id) => `  ${id}`), ...more];
}

function verdict(report: RebuildReport): string {
  const isWhole = report.lost.count + report.redacted.count + report.unanswered.length + report.failed.length === 0;
  if (hasDifferences(report)) return 'live is not what its events make it';
  return isWhole ? 'live is what its events make it' : 'live is what its events make it, as far as they are kept';
}
