import { z } from 'zod';
import { tokenMaking } from '../load/user-tokens.js';

const contestant = z.enum(['gateway', 'bare']);
export type Contestant = z.infer<typeof contestant>;

/** `GET /v1/account` of the gateway and of the bare server, in turns. */
export const readJob = z.object({
  ...tokenMaking,
  ports: z.record(contestant, z.int()),
  /** One connection for each: who comes has come before. */
  userIds: z.array(z.string()),
  warmUps: z.int(),
  rounds: z.int().positive(),
  /** Of each server in each round. */
  requests: z.int().positive(),
});
export type ReadJob = z.infer<typeof readJob>;

const reading = z.object({ perSecond: z.number(), p50: z.number(), p99: z.number() });
export type Reading = z.infer<typeof reading>;
export const readResult = z.object({ rounds: z.array(z.record(contestant, reading)) });

/** One change of each user's account, followed by a browser of theirs at every replica. */
export const watchJob = z.object({
  ...tokenMaking,
  ports: z.array(z.int()),
  userIds: z.array(z.string()),
  perSecond: z.number().positive(),
  rabbitmqUrl: z.string(),
  databaseUrl: z.string(),
});
export const watchResult = z.object({
  /** For each replica: ms from the begin of the transaction that stored a change to the end of its frame. */
  afterCommit: z.array(z.array(z.number())),
  /** The same from the moment at which the change was handed to the broker. */
  afterPublish: z.array(z.array(z.number())),
});
export type WatchResult = z.infer<typeof watchResult>;

/** Browsers that follow and hear nothing but heartbeats. */
export const idleJob = z.object({
  ...tokenMaking,
  port: z.int(),
  pid: z.int(),
  /** A user for each: their names would be too long for a job. */
  clients: z.int().positive(),
  seconds: z.number().positive(),
});
export const idleResult = z.object({
  /** The most that the process held while all of them were there, in MB of 2^20 bytes. */
  mostMemory: z.number(),
  /** Before the first of them came. */
  memoryBefore: z.number(),
});
