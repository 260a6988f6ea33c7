import type pg from 'pg';

interface Row {
  seq: string;
  event_id: string;
  type: string;
  user_id: string | null;
  customer_id: string | null;
  customer_via: string | null;
  stripe_ids: string;
  request_id: string | null;
  cause_id: string | null;
  occurred_at: Date | null;
  recorded_at: Date;
  content: Buffer;
  previous_hash: Buffer;
  content_hash: Buffer;
  hash: Buffer;
}

/** What goes over as it is; the bytes go as one parameter and are cut apart, as the service sends its own. */
const plain = [
  ['seq', 'bigint'],
  ['event_id', 'text'],
  ['type', 'text'],
  ['user_id', 'text'],
  ['customer_id', 'text'],
  ['customer_via', 'text'],
  ['stripe_ids', 'text'],
  ['request_id', 'text'],
  ['cause_id', 'text'],
  ['occurred_at', 'timestamptz'],
  ['recorded_at', 'timestamptz'],
] as const;
const hashes = ['previous_hash', 'content_hash', 'hash'] as const;

const columns = plain.map(([name]) => name).join(', ');
const arrays = plain.map(([, type], index) => `$${index + 3}::${type}[]`).join(', ');
const insert = `
  INSERT INTO bare.entry (${columns}, content, ${hashes.join(', ')})
  SELECT ${columns.replace('stripe_ids', "string_to_array(stripe_ids, ' ')")}, substring($1::bytea FROM start FOR length),
    ${hashes.map((_, place) => `substring($2::bytea FROM (position::int - 1) * 96 + ${place * 32 + 1} FOR 32)`).join(', ')}
  FROM unnest(${arrays}, $${plain.length + 3}::int[], $${plain.length + 4}::int[])
    WITH ORDINALITY AS given (${columns}, start, length, position)`;

/**
 * A table with the trail's columns and indexes, as many rows as the trail's newest month, and nothing else: no chain, no lock, no
 * partitions, no triggers, no other table that is kept with it. What it is given has been computed before.
 */
export class BareTable {
  private constructor(private readonly client: pg.Client) {}

  static async make(client: pg.Client): Promise<BareTable> {
    const { rows } = await client.query<{ month: string }>(
      'SELECT tableoid::regclass::text AS month FROM audit.entry ORDER BY seq DESC LIMIT 1',
    );
    const month = rows[0]?.month ?? 'audit.entry';
    // As the append function keeps its index of Stripe's ids: what waits to be sorted into it costs whoever reads.
    await client.query("SET gin_pending_list_limit = '64kB'");
    await client.query('CREATE SCHEMA bare');
    await client.query(`CREATE TABLE bare.entry (LIKE ${month} INCLUDING ALL)`);
    await client.query('ALTER TABLE bare.entry ADD UNIQUE (event_id)');
    await client.query(`INSERT INTO bare.entry SELECT * FROM ${month}`);
    await client.query('VACUUM (ANALYZE) bare.entry');
    await client.query('CHECKPOINT');
    return new BareTable(client);
  }

  /** The trail's newest seq. */
  async head(): Promise<string> {
    const { rows } = await this.client.query<{ seq: string }>('SELECT seq FROM audit.chain_head');
    return rows[0]?.seq ?? '0';
  }

  /** Of the trail, in batches. */
  async rowsAfter(seq: string, { batchSize, count }: { batchSize: number; count: number }): Promise<Row[][]> {
    const { rows } = await this.client.query<Row>(
      `SELECT *, array_to_string(stripe_ids, ' ') AS stripe_ids FROM audit.entry WHERE seq > $1 ORDER BY seq LIMIT $2`,
      [seq, batchSize * count],
    );
    return Array.from({ length: count }, (_, index) => rows.slice(index * batchSize, (index + 1) * batchSize));
  }

  async insert(rows: readonly Row[]): Promise<void> {
    let next = 1;
    const starts = rows.map(({ content }) => {
      const start = next;
      next += content.length;
      return start;
    });
    await this.client.query(insert, [
      Buffer.concat(rows.map(({ content }) => content)),
      Buffer.concat(rows.flatMap((row) => hashes.map((name) => row[name]))),
      ...plain.map(([name]) => rows.map((row) => row[name])),
      starts,
      rows.map(({ content }) => content.length),
    ]);
  }

  async drop(): Promise<void> {
    await this.client.query('DROP SCHEMA bare CASCADE');
  }
}
