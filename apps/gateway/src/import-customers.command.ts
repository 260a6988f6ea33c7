import 'reflect-metadata';
import { loadConfigOrExit, messageOf } from '@billhook/runtime';
import { createStripeClient, RequestGate } from '@billhook/stripe';
import { parseArgs } from 'node:util';
import { GatewayConfig } from './config.js';
import { exitCodeOf, reportOf } from './import/import-report.js';
import { runImport } from './import/run-import.client.js';

/** Leaves the greater part of what Stripe allows (100 a second, 25 in a sandbox) to who is at work. */
const requestsPerSecond = 20;
/** Not finished: run it again. */
const unfinished = 2;

const usage = `Usage: import-customers FILE [--apply] [--refused FILE]
  FILE       CSV (user_id,customer_id) or NDJSON ({"user_id":…,"customer_id":…}), a customer a line
  --apply    link them; without it, only say what would happen
  --refused  where to list the refused rows (FILE.refused.csv)
`;

const read = readArguments();
if (read === null) {
  process.stderr.write(usage);
  process.exitCode = unfinished;
} else {
  process.exitCode = await importCustomers(read);
}

interface Arguments {
  file: string;
  isDryRun: boolean;
  refusedFile: string;
}

function readArguments(): Arguments | null {
  try {
    const options = { apply: { type: 'boolean' }, refused: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) return null;
    return { file, isDryRun: values.apply !== true, refusedFile: values.refused ?? `${file}.refused.csv` };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return null;
  }
}

async function importCustomers(given: Arguments): Promise<number> {
  const config = loadConfigOrExit(GatewayConfig, 'import', unfinished);
  const budget = { gate: new RequestGate(requestsPerSecond), priority: 'bulk' } as const;
  const stripe = createStripeClient({ ...config.stripeClient(), budget });
  const onProgress = (settled: number): void => void process.stderr.write(`${settled} rows settled\n`);
  try {
    const tally = await runImport({ ...given, databaseUrl: config.DATABASE_URL, stripe, onProgress });
    if (tally === null) throw new Error('another import is running');
    process.stdout.write(`${reportOf(tally, given)}\n`);
    return exitCodeOf(tally);
  } catch (error) {
    const reason = messageOf(error);
    process.stderr.write(`The import is not finished: ${reason}\nWhat was done stays done; run it again to go on.\n`);
    return unfinished;
  }
}
