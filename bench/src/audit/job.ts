import { z } from 'zod';
import { tokenMaking } from '../load/user-tokens.js';

/** What it takes to write into the trail as the service does. */
const writer = {
  /** The service's own role. */
  serviceUrl: z.string(),
  /** The same database as its superuser. */
  adminUrl: z.string(),
  masterKey: z.string(),
  indexKey: z.string(),
};

/** A year of entries, the last of them recorded now. */
export const loadJob = z.object({ ...writer, run: z.string(), entries: z.int().positive() });
export const loadResult = z.object({
  /** Entries a second: made, sealed and appended; their words indexed. */
  rate: z.number(),
  wordsRate: z.number(),
});

/** As the service takes them from its queue. */
export const batchSize = 200;

/** Batches as the queue delivers them, into the trail and into a bare table, in turns. */
export const appendJob = z.object({
  ...writer,
  run: z.string(),
  /** Of the trail that is stored. */
  entries: z.int().positive(),
  rounds: z.int().positive(),
  /** Of each kind in each round. */
  batches: z.int().positive(),
});
export type AppendJob = z.infer<typeof appendJob>;
const round = z.object({
  /** The append function alone: entries that have been sealed before. */
  chained: z.number(),
  /** From events: projected, their keys fetched, sealed, appended. */
  sealed: z.number(),
  bare: z.number(),
});
export type AppendRound = z.infer<typeof round>;
export const appendResult = z.object({ rounds: z.array(round) });

/** So many events of people whom the trail knows, onto the exchange. */
export const queueJob = z.object({
  run: z.string(),
  entries: z.int().positive(),
  count: z.int().positive(),
  rabbitmqUrl: z.string(),
});

export const questions = ['timeline', 'type_and_time', 'deep_page', 'text', 'address'] as const;
export type Question = (typeof questions)[number];

/** Requests one after the other, on one connection. */
export const askJob = z.object({
  ...tokenMaking,
  port: z.int(),
  adminUrl: z.string(),
  run: z.string(),
  entries: z.int().positive(),
  /** Of each kind. */
  requests: z.int().positive(),
});
export type AskJob = z.infer<typeof askJob>;
/** In ms, each from the request to the last byte of the answer. */
export const askResult = z.object({ ms: z.record(z.enum(questions), z.array(z.number())) });

/** The whole trail read through, by each of the ways there are. */
export const readThroughJob = z.object({
  ...tokenMaking,
  port: z.int(),
  pid: z.int(),
  folder: z.string(),
  checkpoints: z.string(),
});
const exported = z.object({ perSecond: z.number(), memoryGrowth: z.number() });
export const readThroughResult = z.object({
  entries: z.int(),
  verifyPerSecond: z.number(),
  /** By the command, of the export and the checkpoints' file. */
  verifyFilesPerSecond: z.number(),
  ndjson: exported,
  csv: exported,
});
