// Each boundary rule is broken once, in a small project of its own, and must say so: a rule that never fires proves nothing.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { projectFile } from './infrastructure/project.js';

const run = promisify(execFile);

/** A file that breaks each rule of .dependency-cruiser.js. */
const broken: Record<string, { file: string; source: string }> = {
  'no-app-to-app': { file: 'apps/gateway/src/a.ts', source: `import '../../audit/src/config.js';` },
  'no-lib-to-app': { file: 'libs/runtime/src/a.ts', source: `import '../../../apps/audit/src/config.js';` },
  'no-app-to-demo': { file: 'apps/gateway/src/b.ts', source: `import '../../../demo/src/main.js';` },
  'arrows-of-contracts': { file: 'libs/contracts/src/a.ts', source: `import '@billhook/runtime';` },
  'arrows-of-billing': { file: 'libs/billing/src/a.ts', source: `import '@billhook/messaging';` },
  'arrows-of-runtime': { file: 'libs/runtime/src/b.ts', source: `import '@billhook/database';` },
  'arrows-of-database': { file: 'libs/database/src/a.ts', source: `import '@billhook/messaging';` },
  'arrows-of-stripe': { file: 'libs/stripe/src/a.ts', source: `import '@billhook/contracts';` },
  'arrows-of-messaging': { file: 'libs/messaging/src/a.ts', source: `import '@billhook/billing';` },
  'testing-only-in-tests': { file: 'apps/audit/src/a.ts', source: `import '@billhook/testing';` },
  'pure-without-node': { file: 'libs/billing/src/b.ts', source: `import 'node:fs';` },
  'contracts-import-only-zod': { file: 'libs/contracts/src/b.ts', source: `import 'uuid';` },
  'billing-imports-only-stripe': { file: 'libs/billing/src/c.ts', source: `import 'zod';` },
  'billing-imports-stripe-as-types': {
    file: 'libs/billing/src/d.ts',
    source: `import Stripe from 'stripe';\nexport const stripe = new Stripe('sk_test_made_up');`,
  },
  'simulator-shares-nothing': { file: 'apps/stripe-simulator/src/a.ts', source: `import '@billhook/contracts';` },
  'ingress-without-database': { file: 'apps/webhook-ingress/src/a.ts', source: `import 'pg';` },
  'amqp-only-in-messaging': { file: 'apps/subscription/src/a.ts', source: `import 'amqplib';` },
  'no-dev-dependency-in-production': { file: 'apps/subscription/src/b.ts', source: `import 'fast-check';` },
  'no-cycles': { file: 'libs/database/src/b.ts', source: `import './c.js';` },
  'no-unresolvable': { file: 'apps/gateway/src/c.ts', source: `import './nowhere.js';` },
};

/** What the rules must let pass. */
const allowed: Record<string, string> = {
  'libs/billing/src/fine.ts': `import type Stripe from 'stripe';\nimport '@billhook/contracts';\nexport type S = Stripe.Subscription;`,
  'libs/billing/src/fine.spec.ts': `import 'node:fs';\nimport '@billhook/testing';\nimport 'fast-check';`,
  'libs/contracts/src/fine.ts': `import 'zod';`,
  'libs/messaging/src/fine.ts': `import 'amqplib';\nimport '@billhook/database';\nimport '@billhook/contracts';`,
  'apps/gateway/src/fine.ts': `import '@billhook/billing';\nimport '@billhook/messaging';\nimport './own.js';`,
  'apps/gateway/src/own.ts': 'export {};',
  'demo/src/fine.ts': `import '@billhook/testing';`,
};

const libs = ['contracts', 'billing', 'messaging', 'database', 'stripe', 'runtime', 'testing'];

let project: string;

function put(file: string, source: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), `${source}\nexport {};\n`);
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'billhook-boundaries-'));
  symlinkSync(projectFile('node_modules'), join(project, 'node_modules'));
  for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.js', '.oxlintrc.json']) {
    copyFileSync(projectFile(file), join(project, file));
  }
  for (const lib of libs) put(`libs/${lib}/src/index.ts`, '');
  for (const file of ['apps/audit/src/config.ts', 'demo/src/main.ts']) put(file, '');
  put('libs/database/src/c.ts', `import './b.js';`);
  for (const { file, source } of Object.values(broken)) put(file, source);
  for (const [file, source] of Object.entries(allowed)) put(file, source);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

interface Output {
  stdout: string;
  stderr: string;
}

interface Violation {
  from: string;
  rule: { name: string };
}

/** The tool's report, whatever its exit code: it is 0 only when it found nothing. */
async function report(program: string, args: string[]): Promise<string> {
  const options = { cwd: project, maxBuffer: 64 * 1024 * 1024 };
  const failed = (error: Output): Output => error;
  const { stdout, stderr } = await run(
    process.execPath,
    [projectFile(`node_modules/${program}`), ...args],
    options,
  ).catch(failed);
  if (stdout === '') throw new Error(`${program} reported nothing: ${stderr}`);
  return stdout;
}

describe('the boundary rules', () => {
  let violations: Violation[];
  beforeAll(async () => {
    const cruiser = 'dependency-cruiser/bin/dependency-cruiser.mjs';
    const json = await report(cruiser, [
      '--config',
      '.dependency-cruiser.js',
      '--output-type',
      'json',
      'apps',
      'libs',
      'demo',
    ]);
    violations = JSON.parse(json).summary.violations;
  });

  it.each(Object.entries(broken))('%s fires when it is broken', (rule, { file }) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(rule);
  });

  it('let everything pass that the architecture allows', () => {
    expect(violations.filter(({ from }) => from in allowed)).toEqual([]);
  });
});

describe('the purity rules', () => {
  const impure: [what: string, source: string][] = [
    ['the environment', `export const read = (): unknown => process.env;`],
    ['the clock', `export const read = (): number => Date.now();`],
    ['randomness', `export const read = (): number => Math.random();`],
  ];

  it.each(impure)('%s may not be read by the rules or the contracts', async (what, source) => {
    for (const lib of ['billing', 'contracts']) {
      const file = `libs/${lib}/src/impure-${what.replaceAll(' ', '-')}.ts`;
      put(file, source);
      const found = await report('oxlint/bin/oxlint', ['--format', 'unix', file]);
      expect(found).toMatch(/no-restricted-(globals|properties)/);
      put(file.replace('.ts', '.spec.ts'), source);
      expect(await report('oxlint/bin/oxlint', ['--format', 'unix', file.replace('.ts', '.spec.ts')])).not.toMatch(
        /no-restricted-(globals|properties)/,
      );
    }
  });
});
