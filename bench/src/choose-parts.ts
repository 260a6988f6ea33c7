/** The parts in the order in which they run. */
export const partNames = [
  'accept',
  'apply',
  'pipeline',
  'end-to-end',
  'cost',
  'growth',
  'reconcile',
  'account',
  'audit',
] as const;
export type PartName = (typeof partNames)[number];

/** What `ONLY` asks for, in the order in which parts run; all of them without it. Throws what to write instead. */
export function chooseParts(only: string | undefined): PartName[] {
  if (only === undefined || only.trim() === '') return [...partNames];
  const asked = only.split(',').map((name) => name.trim());
  const unknown = asked.filter((name) => !partNames.some((known) => known === name));
  if (unknown.length > 0) {
    const names = unknown.map((name) => `"${name}"`).join(', ');
    throw new Error(`ONLY names no part of the benchmark: ${names}. The parts are ${partNames.join(', ')}`);
  }
  return partNames.filter((name) => asked.includes(name));
}
