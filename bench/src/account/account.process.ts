import { samples } from '@billhook/contracts';
import { freePort, freePortPair, startServiceProcess } from '@billhook/testing';
import { join } from 'node:path';
import { managementDistance } from '../../../demo/src/system.js';
import { profilingArguments, startMember, stopAll } from '../crew.process.js';
import type { Member } from '../crew.process.js';
import { withDatabase } from '../database.store.js';
import { atLeast, atMost, figure, median, quantile } from '../figure.js';
import type { Figure } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { runProgram } from '../load/load.process.js';
import { tokenMakingOf, withOwnTokens } from '../load/user-tokens.js';
import { purgeQueues } from '../queues.client.js';
import { idleResult, readResult, watchResult } from './job.js';
import type { Contestant, Reading } from './job.js';

const connections = 32;
const warmUps = 2;
const changesPerSecond = 20;
const idleClients = 10_000;
/** Longer than a heartbeat is away, so that every client gets one at least. */
const idleSeconds = 20;

/**
 * The door of the product's frontend: `GET /v1/account` against a bare Fastify route that sends the same bytes, how soon a browser at
 * each of two replicas sees a change, and what ten thousand that see none cost.
 */
export const account: Part = async (given) => {
  const lab = withOwnTokens(given);
  const figures = [...(await readAccounts(lab)), ...(await watchChanges(lab)), ...(await keepIdle(lab))];
  await purgeQueues(lab.place.rabbitmqUrl);
  return figures;
};

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}_${String(index).padStart(5, '0')}`);

async function readAccounts(lab: Lab): Promise<Figure[]> {
  const userIds = named('reader', connections);
  await storeAccounts(lab, userIds);
  const gateway = await startMember(lab, 'gateway');
  try {
    const port = await freePort();
    const bare = await startBare(lab, port);
    try {
      const ports = { gateway: lab.ports.gateway, bare: port };
      const sizes = { warmUps, rounds: lab.rounds, requests: Math.max(3_200, lab.sized(160_000)) };
      const program = { name: 'account-read', script: 'bench/src/account/read-main.js' };
      const job = { ...tokenMakingOf(lab), ports, userIds, ...sizes };
      return readFigures(lab, (await runProgram(lab, program, job, readResult)).rounds);
    } finally {
      bare.kill('SIGTERM');
      await bare.ended;
    }
  } finally {
    await gateway.stop();
  }
}

const storedAccount = (userId: string): object => ({ ...samples['billing.account.changed'], user_id: userId });

function storeAccounts(lab: Lab, userIds: readonly string[]): Promise<unknown> {
  const sql = `INSERT INTO gateway.account (user_id, version, body)
    SELECT body->>'user_id', (body->>'version')::bigint, body FROM jsonb_array_elements($1::jsonb) AS body`;
  return withDatabase(lab, (client) => client.query(sql, [JSON.stringify(userIds.map(storedAccount))]));
}

/** Ready, and with the bytes of one of these accounts as the gateway answers it. */
async function startBare(lab: Lab, port: number) {
  const [first = ''] = named('reader', 1);
  const { version, as_of, ...state } = samples['billing.account.changed'];
  const body = JSON.stringify({ ...state, user_id: first, pending: null, version, as_of });
  const bare = startServiceProcess({
    reaper: lab.reaper,
    name: 'account-bare',
    script: 'bench/src/account/bare-main.js',
    settings: { PORT: String(port), BODY: body },
    logFile: join(lab.logFolder, 'account-bare.log'),
    nodeArguments: profilingArguments('account-bare'),
  });
  await bare.untilReady(`http://127.0.0.1:${port}/v1/account`);
  return bare;
}

function readFigures(lab: Lab, rounds: readonly Record<Contestant, Reading>[]): Figure[] {
  const each = rounds.map(({ gateway, bare }) => `${Math.round(gateway.perSecond)}/${Math.round(bare.perSecond)}`);
  lab.say(`${connections} connections, gateway/bare per second: ${each.join(' ')}`);
  const over = (value: (round: Record<Contestant, Reading>) => number): number => median(rounds.map(value));
  const rate = (name: Contestant): number => over((round) => round[name].perSecond);
  const ratio = over(({ gateway, bare }) => gateway.perSecond / bare.perSecond);
  return [
    figure('account.32.bare_rate', rate('bare'), 'answers/s'),
    figure('account.32.rate', rate('gateway'), 'answers/s'),
    figure('account.32.rate_ratio', ratio, 'ratio', atLeast(0.5)),
    figure(
      'account.32.bare_p99',
      over(({ bare }) => bare.p99),
      'ms',
    ),
    figure(
      'account.32.p99',
      over(({ gateway }) => gateway.p99),
      'ms',
      atMost(20),
    ),
  ];
}

async function watchChanges(lab: Lab): Promise<Figure[]> {
  const replicas: Member[] = [];
  const second = await atOtherPorts(lab);
  try {
    replicas.push(await startMember(lab, 'gateway'), await startMember(second, 'gateway'));
    const { gateway: databaseUrl } = lab.place.databaseUrls;
    const job = {
      ...tokenMakingOf(lab),
      ports: [lab.ports.gateway, second.ports.gateway],
      userIds: named('watcher', Math.max(100, lab.sized(3_000))),
      perSecond: changesPerSecond,
      rabbitmqUrl: lab.place.rabbitmqUrl,
      databaseUrl,
    };
    const program = { name: 'account-watch', script: 'bench/src/account/watch-main.js' };
    const { afterCommit, afterPublish } = await runProgram(lab, program, job, watchResult);
    // The replica that is worse: on every one of them it is promised.
    const worst = (found: readonly number[][], q: number): number => Math.max(...found.map((ms) => quantile(ms, q)));
    return [
      figure('account.stream.after_commit_p50', worst(afterCommit, 0.5), 'ms'),
      figure('account.stream.after_commit_p95', worst(afterCommit, 0.95), 'ms', atMost(50)),
      figure('account.stream.after_publish_p50', worst(afterPublish, 0.5), 'ms'),
      figure('account.stream.after_publish_p95', worst(afterPublish, 0.95), 'ms'),
    ];
  } finally {
    await stopAll(replicas);
  }
}

/** Another replica of the gateway: everything else is shared. */
async function atOtherPorts(lab: Lab): Promise<Lab> {
  const port = await freePortPair(managementDistance);
  const gateway = { ...lab.settings.gateway, PORT: String(port), MANAGEMENT_PORT: String(port + managementDistance) };
  return { ...lab, ports: { ...lab.ports, gateway: port }, settings: { ...lab.settings, gateway } };
}

async function keepIdle(lab: Lab): Promise<Figure[]> {
  const gateway = await startMember(lab, 'gateway');
  try {
    const clients = Math.min(idleClients, lab.sized(100_000));
    const job = { ...tokenMakingOf(lab), port: lab.ports.gateway, pid: gateway.pid, clients, seconds: idleSeconds };
    const program = { name: 'account-idle', script: 'bench/src/account/idle-main.js' };
    const { mostMemory, memoryBefore } = await runProgram(lab, program, job, idleResult);
    lab.say(`${clients} clients: ${Math.round(memoryBefore)} MB before, ${Math.round(mostMemory)} MB with them`);
    return [
      figure('account.idle.rss_mb_before', memoryBefore, 'MB'),
      figure(`account.idle.rss_mb_with_${clients}`, mostMemory, 'MB', atMost(400)),
    ];
  } finally {
    await gateway.stop();
  }
}
