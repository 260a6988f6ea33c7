import { withDatabaseFailureNamed } from '@billhook/database';
import { Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { keyLength } from './box.js';
import { MasterKeys } from './master-keys.js';
import type { Owner } from './owner.js';
import type { SealingKey } from './sealed-entry.js';

interface Row {
  owner: string;
  key_id: string;
  /** Null for a key that was destroyed. */
  wrapped: Buffer | null;
  master_key_id: string | null;
}

const byOwner = 'SELECT owner, key_id, wrapped, master_key_id FROM sealing_key WHERE owner = ANY ($1::text[])';
const byId = 'SELECT owner, key_id, wrapped, master_key_id FROM sealing_key WHERE key_id = ANY ($1::uuid[])';

/** In the order of owners, so that two writers wait for each other in one direction only. */
const create = `
  INSERT INTO sealing_key (owner, key_id, wrapped, master_key_id)
  SELECT owner, key_id, decode(wrapped, 'base64'), $4::text
  FROM unnest($1::text[], $2::uuid[], $3::text[]) AS fresh (owner, key_id, wrapped) ORDER BY owner
  ON CONFLICT DO NOTHING`;

/** The keys under which personal data is sealed. They are read each time: one that was destroyed a moment ago is gone now. */
@Injectable()
export class SealingKeys {
  constructor(
    private readonly dataSource: DataSource,
    private readonly masters: MasterKeys,
  ) {}

  /** Makes those that are missing. An owner that is not in the answer has been erased, and never gets a key again. */
  async forSealing(owners: readonly Owner[]): Promise<Map<string, SealingKey>> {
    const wanted = [...new Set<string>(owners)].toSorted();
    if (wanted.length === 0) return new Map();
    const known = await this.read(byOwner, wanted);
    const missing = wanted.filter((owner) => !known.some((row) => row.owner === owner));
    const made = missing.length === 0 ? [] : await this.make(missing);
    return new Map([...known, ...made].flatMap((row) => this.opened(row).map((key) => [row.owner, key])));
  }

  /** By id. One that is not in the answer has been destroyed. */
  async forOpening(ids: readonly string[]): Promise<Map<string, Buffer>> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return new Map();
    const rows = await this.read(byId, wanted);
    return new Map(rows.flatMap((row) => this.opened(row).map(({ id, key }) => [id, key])));
  }

  /** Read again afterwards: another writer may have been quicker, or an erasure. */
  private async make(owners: string[]): Promise<Row[]> {
    const fresh = owners.map(() => ({ id: randomUUID(), key: randomBytes(keyLength) }));
    const wrapped = fresh.map(({ id, key }) => this.masters.wrap(key, id).wrapped.toString('base64'));
    await this.query(create, [owners, fresh.map(({ id }) => id), wrapped, this.masters.currentId]);
    return this.read(byOwner, owners);
  }

  private opened({ key_id, wrapped, master_key_id }: Row): SealingKey[] {
    if (wrapped === null || master_key_id === null) return [];
    const key = this.masters.unwrap({ wrapped, masterKeyId: master_key_id }, key_id);
    if (key !== undefined) return [{ id: key_id, key }];
    throw new Retryable('master_key_missing', new Error(`AUDIT_MASTER_KEY lacks the key ${master_key_id}`));
  }

  private read(sql: string, keys: string[]): Promise<Row[]> {
    return this.query(sql, [keys]);
  }

  private async query(sql: string, parameters: unknown[]): Promise<Row[]> {
    try {
      return await this.dataSource.query(sql, parameters);
    } catch (error) {
      throw withDatabaseFailureNamed(error);
    }
  }
}
