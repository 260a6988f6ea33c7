import type { Client, QueryResultRow } from 'pg';

export type Connection = Pick<Client, 'query'>;

/** The rows of a query in pages of bounded size, however many there are. The connection must be in a transaction. */
export async function* pagesOf<Row extends QueryResultRow>(
  connection: Connection,
  name: string,
  sql: string,
  pageSize: number,
): AsyncGenerator<Row[]> {
  await connection.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`);
  for (;;) {
    const { rows } = await connection.query<Row>(`FETCH ${pageSize} FROM ${name}`);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) break;
  }
  await connection.query(`CLOSE ${name}`);
}
