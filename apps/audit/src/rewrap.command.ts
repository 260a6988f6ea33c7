import { dataSourceOptions } from '@billhook/database';
import { loadConfigOrExit, messageOf } from '@billhook/runtime';
import { DataSource } from 'typeorm';
import { RewrapConfig } from './config.js';
import { schema } from './schema.js';
import { MasterKeys } from './seal/master-keys.js';
import { rewrapKeys } from './seal/rewrap.store.js';

/** Says how many keys were wrapped anew; exits 1 when some could not be, because their master key is not given, or the database is away. */
const config = loadConfigOrExit(RewrapConfig, 'audit rewrap');
const masters = MasterKeys.from(config.AUDIT_MASTER_KEY.map((key) => Buffer.from(key, 'base64')));
const place = { url: config.DATABASE_URL, schema: schema.schema, applicationName: 'billhook-audit-rewrap' };

async function rewrap(): Promise<number> {
  const dataSource = await new DataSource(dataSourceOptions(place)).initialize();
  try {
    const { rewrapped, missing } = await rewrapKeys(dataSource, masters);
    process.stdout.write(`audit: wrapped ${rewrapped} keys under master key ${masters.currentId}\n`);
    if (missing.length === 0) return 0;
    process.stderr.write(`audit: AUDIT_MASTER_KEY lacks ${missing.join(', ')}, which still wrap keys\n`);
    return 1;
  } finally {
    await dataSource.destroy();
  }
}

try {
  process.exitCode = await rewrap();
} catch (error) {
  process.stderr.write(`audit: rewrap failed: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
