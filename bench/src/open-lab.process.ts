import type { Infrastructure, Reaper } from '@billhook/testing';
import pg from 'pg';
import { runDeployStep } from '../../demo/src/deploy-step.process.js';
import { preparePlace } from '../../demo/src/place.store.js';
import type { Place } from '../../demo/src/place.store.js';
import { settingsFor } from '../../demo/src/settings.js';
import type { Ports } from '../../demo/src/settings.js';
import type { Lab } from './lab.js';
import { purgeQueues } from './queues.client.js';

/** `trial` tries the benchmark itself: too small to measure anything. */
export type Scale = 'full' | 'tenth' | 'trial';

const divisors: Record<Scale, number> = { full: 1, tenth: 10, trial: 100 };
const divisorsOfRounds: Record<Scale, number> = { full: 1, tenth: 16, trial: 100 };

export interface LabOptions {
  infrastructure: Infrastructure;
  reaper: Reaper;
  logFolder: string;
  ports: Ports;
  scale: Scale;
  say: (line: string) => void;
}

export interface OpenedLab extends Lab {
  /** Once nothing runs in it any more. */
  close(): Promise<void>;
}

/**
 * A fresh database and empty queues, migrated and declared, for one part: no part meets what another has stored, and running
 * one alone is the same as running it among others.
 */
export async function openLab(options: LabOptions): Promise<OpenedLab> {
  const { infrastructure, reaper, logFolder, ports, scale, say } = options;
  const place = await preparePlace(infrastructure);
  await runDeployStep(place, { reaper, logFolder });
  await purgeQueues(place.rabbitmqUrl);
  return {
    place,
    rabbitmqManagementUrl: infrastructure.rabbitmqManagementUrl,
    ports,
    settings: withoutSchedule(settingsFor(ports, place)),
    reaper,
    logFolder,
    isFull: scale === 'full',
    sized: (full) => full / divisors[scale],
    sizedRound: (full) => full / divisorsOfRounds[scale],
    rounds: scale === 'trial' ? 2 : 5,
    say,
    close: () => (infrastructure.source === 'environment' ? place.remove() : dropDatabase(place)),
  };
}

/** No Stripe runs beside what is measured: comparing with it would only fail, again and again. */
function withoutSchedule(settings: Lab['settings']): Lab['settings'] {
  const subscription = { ...settings.subscription, CATCH_UP_EVERY_SECONDS: '0', SWEEP_EVERY_HOURS: '0' };
  return { ...settings, subscription };
}

/** On servers of our own, where the next part's database gets the same name. */
async function dropDatabase(place: Place): Promise<void> {
  const client = new pg.Client({ connectionString: place.databaseAdminUrl });
  await client.connect();
  try {
    const database = new URL(place.databaseUrls.subscription).pathname.slice(1);
    await client.query(`DROP DATABASE ${client.escapeIdentifier(database)} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
