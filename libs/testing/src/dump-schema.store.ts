import pg from 'pg';

/**
 * Everything that the tables of a schema hold, as text: bytes too, with what is readable in them. For specs that look for what
 * must not be there. `url` is a superuser's.
 */
export async function dumpSchema(url: string, schema: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string; columns: string }>(
      `SELECT format('%I.%I', $1::text, relname) AS table,
              string_agg(CASE WHEN atttypid = 'bytea'::regtype THEN format('encode(%I, ''escape'')', attname)
                              ELSE format('%I::text', attname) END, ', ' ORDER BY attnum) AS columns
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
       WHERE relnamespace = $1::regnamespace AND relkind = 'r' GROUP BY relname ORDER BY relname`,
      [schema],
    );
    const tables: string[] = [];
    for (const { table, columns } of rows) {
      const found = await client.query<{ line: string }>(`SELECT concat_ws('|', ${columns}) AS line FROM ${table}`);
      tables.push(...found.rows.map(({ line }) => `${table}: ${line}`));
    }
    return tables.join('\n');
  } finally {
    await client.end();
  }
}
