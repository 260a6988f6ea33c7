import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { linesOf } from './verify/lines.file.js';
import { verifyFiles } from './verify/verify-files.js';
import { judge } from './verify/judgement.js';

const usage = `verify.command.js --key <public key, PEM> [--from <seq>] [--to <seq>] <file> …

Verifies an export of the audit trail (NDJSON) against signed checkpoints, without any service. Files: one or more exports in
their order, and what checkpoints were noted (the audit service's AUDIT_CHECKPOINT_PATH). Exits 0 when everything holds, 1 with
the first thing that does not, 2 when it cannot be told.
`;

/** Fewer than a seq has at most, and none that Number would not hold. */
const seqText = /^[1-9]\d{0,14}$/;

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: { type: 'string', multiple: true }, from: { type: 'string' }, to: { type: 'string' } },
  });
  const bounds = [values.from, values.to].filter((text) => text !== undefined);
  if (values.key === undefined || positionals.length === 0 || !bounds.every((text) => seqText.test(text))) {
    process.stderr.write(usage);
    return 2;
  }
  const startedAt = performance.now();
  const publicKeys = await Promise.all(values.key.map(async (path) => createPublicKey(await readFile(path))));
  const finding = await verifyFiles({
    files: positionals.map((path) => ({ name: path, lines: () => linesOf(path) })),
    publicKeys,
    from: values.from === undefined ? undefined : BigInt(values.from),
    to: values.to === undefined ? undefined : BigInt(values.to),
  });
  const { holds, text } = judge(finding, performance.now() - startedAt);
  process.stdout.write(`${text}\n`);
  return holds ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`cannot verify: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
