import { dataSourceOptions } from '@billhook/database';
import type Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { schema } from '../schema.js';
import { UserLock } from '../user-lock.store.js';
import { Adoption } from './adoption.store.js';
import { CustomerImport } from './customer-import.client.js';
import { CustomerLookup } from './customer-lookup.client.js';
import { fingerprintOf, piecesOf, writeRefused } from './import-file.file.js';
import { ImportProgress } from './import-progress.store.js';
import type { Tally } from './import-progress.store.js';

export interface ImportOrder {
  databaseUrl: string;
  stripe: Stripe;
  file: string;
  refusedFile: string;
  isDryRun: boolean;
  onProgress: (settled: number) => void;
  /** See CustomerImportOptions. */
  firstPauseMs?: number;
}

/** Each lane may hold a user's lock and write a verdict beside it. */
const poolSize = 18;
/** Any number that no other advisory lock of this schema has. */
const importLock = 7_204;

/**
 * One whole run of an import, from the file to the tally; null when another run is at it. What it has done stays done when it
 * rejects, and the next run goes on from there.
 */
export async function runImport(order: ImportOrder): Promise<Tally | null> {
  const dataSource = await new DataSource(
    dataSourceOptions({
      url: order.databaseUrl,
      schema: schema.schema,
      applicationName: 'billhook-import',
      poolSize,
    }),
  ).initialize();
  const holder = dataSource.createQueryRunner();
  try {
    const locks: { held: boolean }[] = await holder.manager.query('SELECT pg_try_advisory_lock($1) AS held', [
      importLock,
    ]);
    return locks[0]?.held === true ? await runAlone(dataSource, order) : null;
  } finally {
    await dataSource.destroy();
  }
}

async function runAlone(dataSource: DataSource, order: ImportOrder): Promise<Tally> {
  const { file, isDryRun, onProgress, firstPauseMs } = order;
  const progress = new ImportProgress(dataSource, `${isDryRun ? 'dry run' : 'import'} ${await fingerprintOf(file)}`);
  const adoption = isDryRun ? null : new Adoption(new UserLock(dataSource), progress);
  const lookup = new CustomerLookup(order.stripe);
  const options = { progress, lookup, adoption, onProgress, ...(firstPauseMs === undefined ? {} : { firstPauseMs }) };
  await new CustomerImport(options).run(piecesOf(file));
  const tally = await progress.tally();
  await writeRefused(order.refusedFile, progress.refused());
  await progress.forget();
  return tally;
}
