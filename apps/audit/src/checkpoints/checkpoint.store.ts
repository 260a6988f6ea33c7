import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import type { OutboxEvent } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { checkpointEvery } from '../trail/chain-verifier.js';
import { CheckpointKey } from '../trail/checkpoint.js';
import type { Checkpoint, Head } from '../trail/checkpoint.js';
import { toFields } from '../trail/checkpoint-line.js';
import { CheckpointFile } from './checkpoint.file.js';

/** Signed in one transaction, a millisecond's work. */
const most = 100;

interface Row {
  seq: string;
  recorded_at: string;
  hash: Buffer;
}

/**
 * What has no checkpoint yet and needs one: the multiples, a month's last entry, and the head once an entry has waited for $2
 * seconds. Its parts are a range of numbers and a few rows: no statement here reads the trail through.
 */
const due = `
  WITH last AS MATERIALIZED (SELECT coalesce((SELECT seq FROM checkpoint ORDER BY seq DESC LIMIT 1), 0) AS seq),
  head AS MATERIALIZED (SELECT seq, recorded_at, hash FROM chain_head),
  waiting AS MATERIALIZED (
    SELECT e.recorded_at FROM entry e WHERE e.seq > (SELECT seq FROM last) ORDER BY e.seq LIMIT 1),
  multiples AS MATERIALIZED (
    SELECT n FROM generate_series(
      ((SELECT seq FROM last) / ${checkpointEvery} + 1) * ${checkpointEvery}, (SELECT seq FROM head), ${checkpointEvery}) AS n
    LIMIT ${most}),
  found AS (
    SELECT e.seq, e.recorded_at, e.hash FROM multiples m
      CROSS JOIN LATERAL (SELECT * FROM entry e WHERE e.seq = m.n LIMIT 1) AS e
    UNION
    SELECT seq, recorded_at, hash FROM month_end WHERE seq > (SELECT seq FROM last)
    UNION
    SELECT h.seq, h.recorded_at, h.hash FROM head h, waiting w
    WHERE h.seq > (SELECT seq FROM last) AND w.recorded_at <= $1::timestamptz - make_interval(secs => $2)
  )
  SELECT seq, (extract(epoch FROM recorded_at) * 1000000)::bigint AS recorded_at, hash
  FROM found ORDER BY seq LIMIT ${most}`;

const insert = `
  INSERT INTO checkpoint (seq, recorded_at, hash, signed_at, key_id, signature)
  SELECT seq, to_timestamp(0) + recorded_at * interval '1 microsecond', decode(hash, 'hex'),
    to_timestamp(0) + signed_at * interval '1 microsecond', key_id, decode(signature, 'base64')
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[])
    AS c (seq, recorded_at, hash, signed_at, key_id, signature)`;

/** Any fixed number: of two replicas one signs. */
const signingLock = 7_203_117;

export interface CheckpointSettings {
  key: CheckpointKey;
  file: CheckpointFile;
  /** How long an entry may wait for its checkpoint. */
  withinSeconds: number;
}

/** Signs heads of the chain: in the table, in the file outside, and announced, all or none. */
@Injectable()
export class Checkpoints {
  private readonly outbox = new Outbox();

  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: CheckpointSettings,
  ) {}

  /**
   * Signs what is due and says how many that were. The file comes before the commit: what the table says was signed is noted
   * outside for sure, and a line more in the file than in the table is as true.
   */
  signDue(now: Date): Promise<number> {
    return inTransaction(this.dataSource, async (manager) => {
      const [lock] = await manager.query<{ held: boolean }[]>('SELECT pg_try_advisory_xact_lock($1) AS held', [
        signingLock,
      ]);
      if (lock?.held !== true) return 0;
      const rows: Row[] = await manager.query(due, [now.toISOString(), this.settings.withinSeconds]);
      if (rows.length === 0) return 0;
      const signedAt = BigInt(now.getTime()) * 1_000n;
      const checkpoints = rows.map((row) => this.settings.key.sign(toHead(row), signedAt));
      await store(manager, checkpoints);
      await this.outbox.append(manager, 'audit', checkpoints.map(toEvent(now)));
      await this.settings.file.append(checkpoints);
      return checkpoints.length;
    });
  }
}

function toHead({ seq, recorded_at, hash }: Row): Head {
  return { seq: BigInt(seq), recordedAt: BigInt(recorded_at), hash };
}

async function store(manager: EntityManager, checkpoints: readonly Checkpoint[]): Promise<void> {
  await manager.query(insert, [
    checkpoints.map(({ seq }) => seq.toString()),
    checkpoints.map(({ recordedAt }) => recordedAt.toString()),
    checkpoints.map(({ hash }) => hash.toString('hex')),
    checkpoints.map(({ signedAt }) => signedAt.toString()),
    checkpoints.map(({ keyId }) => keyId),
    checkpoints.map(({ signature }) => signature.toString('base64')),
  ]);
}

/** The hash is cause enough: the same head is told of once, whoever tells of it. */
function toEvent(now: Date): (checkpoint: Checkpoint) => OutboxEvent {
  return (checkpoint) => {
    const data = toFields(checkpoint);
    return {
      event: { type: 'audit.checkpoint.signed', data },
      causeId: data.hash,
      subject: `entry-${data.seq}`,
      at: now,
    };
  };
}
