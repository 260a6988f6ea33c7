import type { DataSource } from 'typeorm';
import type { MasterKeys } from './master-keys.js';

export interface Rewrapped {
  rewrapped: number;
  /** Ids of master keys that wrap something and are not among those given. */
  missing: string[];
}

interface Row {
  key_id: string;
  wrapped: Buffer;
  master_key_id: string;
}

const chunk = 500;

const next = `
  SELECT key_id, wrapped, master_key_id FROM sealing_key
  WHERE key_id > $1::uuid AND wrapped IS NOT NULL AND master_key_id <> $2 ORDER BY key_id LIMIT ${chunk}`;

/** Only what is still as it was read: a key that has been destroyed meanwhile stays so. */
const replace = `
  UPDATE sealing_key k SET wrapped = decode(fresh.wrapped, 'base64'), master_key_id = $4
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS fresh (key_id, wrapped, former)
  WHERE k.key_id = fresh.key_id AND k.master_key_id = fresh.former AND k.wrapped IS NOT NULL`;

/**
 * Wraps every key under the first master key, so that the former ones can be taken away. Entries are not touched: what they were
 * sealed under stays the same key in another wrapping. Safe beside running services and to run again.
 */
export async function rewrapKeys(dataSource: DataSource, masters: MasterKeys): Promise<Rewrapped> {
  const missing = new Set<string>();
  let rewrapped = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows: Row[] = await dataSource.query(next, [after, masters.currentId]);
    const fresh = rows.flatMap((row) => wrappedAnew(row, masters, missing));
    if (fresh.length > 0) await dataSource.query(replace, toParameters(fresh, masters.currentId));
    rewrapped += fresh.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < chunk) return { rewrapped, missing: [...missing].toSorted() };
    after = last.key_id;
  }
}

interface Fresh {
  keyId: string;
  wrapped: Buffer;
  former: string;
}

function wrappedAnew({ key_id, wrapped, master_key_id }: Row, masters: MasterKeys, missing: Set<string>): Fresh[] {
  const key = masters.unwrap({ wrapped, masterKeyId: master_key_id }, key_id);
  if (key !== undefined) return [{ keyId: key_id, wrapped: masters.wrap(key, key_id).wrapped, former: master_key_id }];
  missing.add(master_key_id);
  return [];
}

function toParameters(fresh: readonly Fresh[], currentId: string): unknown[] {
  return [
    fresh.map(({ keyId }) => keyId),
    fresh.map(({ wrapped }) => wrapped.toString('base64')),
    fresh.map(({ former }) => former),
    currentId,
  ];
}
