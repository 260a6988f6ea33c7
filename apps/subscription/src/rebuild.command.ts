import { catalogueFor, nothingKnown } from '@billhook/billing';
import { PriceMemory } from '@billhook/catalogue';
import { dataSourceOptions } from '@billhook/database';
import { DatabaseUrl, loadConfigOrExit, messageOf } from '@billhook/runtime';
import { DataSource } from 'typeorm';
import { SubscriptionConfig } from './config.js';
import type { Rules } from './ledger/ledger.js';
import { hasDifferences, toLines } from './rebuild/rebuild-report.js';
import { rebuild } from './rebuild/rebuild.store.js';
import { schema } from './schema.js';

/** The service's own environment, and a role that may make a schema. */
class RebuildConfig extends SubscriptionConfig {
  @DatabaseUrl()
  DATABASE_ADMIN_URL: string;
}

/** By the catalogue as the service last knew it: Stripe is not asked. */
async function rulesOf(config: RebuildConfig): Promise<Rules> {
  const options = { url: config.DATABASE_URL, schema: schema.schema, applicationName: 'billhook-rebuild' };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  try {
    const remembered = await new PriceMemory(dataSource).load();
    const catalogue = catalogueFor(config.catalogueSettings(), { ...nothingKnown, remembered });
    return { catalogue, graceDays: config.graceDays(), now: new Date() };
  } finally {
    await dataSource.destroy();
  }
}

/** 1 says that rows differ. */
const couldNotRun = 2;
const say = (line: string) => process.stdout.write(`rebuild: ${line}\n`);
const progress = (line: string) => process.stderr.write(`rebuild: ${line}\n`);

const config = loadConfigOrExit(RebuildConfig, 'rebuild', couldNotRun);
try {
  const { DATABASE_ADMIN_URL: adminUrl, DATABASE_URL: serviceUrl } = config;
  const keep = process.argv.includes('--keep');
  const report = await rebuild({ adminUrl, serviceUrl, rules: await rulesOf(config), keep, progress });
  for (const line of toLines(report)) say(line);
  process.exitCode = hasDifferences(report) ? 1 : 0;
} catch (error) {
  progress(`failed: ${messageOf(error)}`);
  process.exitCode = couldNotRun;
}
