// Does a server answer? Asked while one of ours starts, and once of the servers named in the environment.
import amqp from 'amqplib';
import pg from 'pg';

const connectTimeoutMs = 5_000;

/** Connects and returns the server's version; rejects with the driver's error. */
export async function postgresVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => undefined); // a lost idle connection; the query below reports what matters
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end();
  }
}

/** Opens and closes an AMQP connection; resolves with the broker's version. */
export async function rabbitmqVersion(url: string): Promise<string> {
  const connection = await amqp.connect(url, { timeout: connectTimeoutMs, noDelay: true });
  connection.on('error', () => undefined);
  const { version }: { version?: unknown } = connection.connection.serverProperties;
  await connection.close();
  return typeof version === 'string' ? version : 'unknown';
}

/** Asks the management API who we are. */
export async function managementAnswers(managementUrl: string): Promise<void> {
  const { origin, username, password } = new URL(managementUrl);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const response = await fetch(new URL('/api/whoami', origin), {
    headers: { authorization: `Basic ${credentials}` },
    signal: AbortSignal.timeout(connectTimeoutMs),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}
