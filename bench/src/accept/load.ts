import { z } from 'zod';
import { quantile } from '../figure.js';
import { KeepAliveConnection } from '../load/keep-alive.client.js';
import { signedRequests } from './signed-requests.js';

/** One run of the load generator, as it is asked for. */
export const loadOrder = z.object({
  port: z.int().positive(),
  secret: z.string(),
  connections: z.int().positive(),
  events: z.int().positive(),
  /** An open loop at this rate; without it each connection sends as soon as it has its answer. */
  perSecond: z.number().positive().optional(),
});
export type LoadOrder = z.infer<typeof loadOrder>;

/** What it saw. Latencies in milliseconds. */
export const loadReport = z.object({
  perSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  refused: z.int(),
});
export type LoadReport = z.infer<typeof loadReport>;

interface Tally {
  latencies: number[];
  refused: number;
}

export async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const requests = signedRequests(order.events, order);
  const opening = Array.from({ length: order.connections }, () => KeepAliveConnection.open(order.port));
  const connections = await Promise.all(opening);
  const tally: Tally = { latencies: [], refused: 0 };
  const begin = performance.now();
  if (order.perSecond === undefined) await closedLoop(connections, requests, tally);
  else await openLoop(connections, requests, order.perSecond, tally);
  const seconds = (performance.now() - begin) / 1000;
  for (const connection of connections) connection.close();
  return {
    perSecond: requests.length / seconds,
    p50: quantile(tally.latencies, 0.5),
    p99: quantile(tally.latencies, 0.99),
    refused: tally.refused,
  };
}

async function closedLoop(connections: KeepAliveConnection[], requests: Buffer[], tally: Tally): Promise<void> {
  const left = requests.values();
  const sendAll = async (connection: KeepAliveConnection): Promise<void> => {
    for (const request of left) await timed(connection, request, performance.now(), tally);
  };
  await Promise.all(connections.map(sendAll));
}

/**
 * Each request has its moment, and its latency counts from that moment even where no connection was free for it: a server that
 * stalls must not slow its own judge down.
 */
async function openLoop(
  connections: KeepAliveConnection[],
  requests: Buffer[],
  perSecond: number,
  tally: Tally,
): Promise<void> {
  const begin = performance.now();
  const dueAt = (index: number): number => begin + (index * 1000) / perSecond;
  const idle = [...connections];
  const late: number[] = [];
  const underWay = new Set<Promise<void>>();
  const start = (index: number, connection: KeepAliveConnection, request: Buffer): void => {
    const sent = sendThenGoOn(index, connection, request);
    underWay.add(sent);
    void sent.then(() => underWay.delete(sent));
  };
  const sendThenGoOn = async (index: number, connection: KeepAliveConnection, request: Buffer): Promise<void> => {
    await timed(connection, request, dueAt(index), tally);
    idle.push(connection);
    dispatch();
  };
  const dispatch = (): void => {
    while (late.length > 0 && idle.length > 0) {
      const [index, connection] = [late.shift(), idle.pop()];
      const request = index === undefined ? undefined : requests[index];
      if (index !== undefined && connection !== undefined && request !== undefined) start(index, connection, request);
    }
  };
  for (let next = 0; next < requests.length;) {
    await oneTick();
    for (; next < requests.length && dueAt(next) <= performance.now(); next += 1) late.push(next);
    dispatch();
  }
  while (underWay.size > 0) await Promise.all(underWay);
}

function oneTick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

async function timed(connection: KeepAliveConnection, request: Buffer, from: number, tally: Tally): Promise<void> {
  const { status } = await connection.send(request);
  tally.latencies.push(performance.now() - from);
  if (status !== 200) tally.refused += 1;
}
