// Asks the gateway and the bare server for accounts in turns, each connection as soon as it has its answer.
import { quantile } from '../figure.js';
import { KeepAliveConnection } from '../load/keep-alive.client.js';
import { runJob } from '../load/job-file.js';
import { tokensFor } from '../load/user-tokens.js';
import { readJob } from './job.js';
import type { Contestant, ReadJob, Reading } from './job.js';

/** One connection for each of these requests, so many of them in all. */
async function ask(port: number, requests: readonly string[], total: number): Promise<Reading> {
  const latencies: number[] = [];
  const asking = async (request: string): Promise<void> => {
    const connection = await KeepAliveConnection.open(port);
    for (let left = Math.ceil(total / requests.length); left > 0; left -= 1) {
      const from = performance.now();
      const { status, body } = await connection.send(request);
      latencies.push(performance.now() - from);
      if (status !== 200) throw new Error(`GET /v1/account answered ${status}: ${body}`);
    }
    connection.close();
  };
  const begin = performance.now();
  await Promise.all(requests.map(asking));
  const seconds = (performance.now() - begin) / 1000;
  return { perSecond: latencies.length / seconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

async function round(
  { ports, requests: total }: ReadJob,
  requests: readonly string[],
  order: readonly Contestant[],
): Promise<Partial<Record<Contestant, Reading>>> {
  const found: Partial<Record<Contestant, Reading>> = {};
  for (const name of order) found[name] = await ask(ports[name], requests, total);
  return found;
}

await runJob(readJob, async (job) => {
  const tokens = await tokensFor(job.userIds, job);
  const requests = tokens.map(
    (token) => `GET /v1/account HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`,
  );
  const rounds = [];
  for (let index = 0; index < job.warmUps + job.rounds; index += 1) {
    // Who goes first changes from round to round.
    rounds.push(await round(job, requests, index % 2 === 0 ? ['gateway', 'bare'] : ['bare', 'gateway']));
  }
  return { rounds: rounds.slice(job.warmUps) };
});
