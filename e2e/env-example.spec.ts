import { MigrateConfig } from '@billhook/database';
import { MaintainConfig, ReplayConfig } from '@billhook/messaging';
import { ConfigInvalid, loadConfig, settingNames } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { AuditConfig, PublicKeyConfig, RewrapConfig } from '../apps/audit/src/config.js';
import { AuditMaintainConfig } from '../apps/audit/src/maintenance.js';
import { GatewayConfig } from '../apps/gateway/src/config.js';
import { readConfig, simulatorSettingNames } from '../apps/stripe-simulator/src/config.js';
import { SubscriptionConfig } from '../apps/subscription/src/config.js';
import { SubscriptionMaintainConfig } from '../apps/subscription/src/maintenance.js';
import { IngressConfig, TopologyConfig } from '../apps/webhook-ingress/src/config.js';

/** A section of `.env.example`: what must be set, with the value shown, and what may be. */
interface Section {
  required: Record<string, string>;
  optional: string[];
}

const sections = readSections(readFileSync(new URL('../.env.example', import.meta.url), 'utf8'));

function readSections(text: string): Map<string, Section> {
  const found = new Map<string, Section>();
  let section: Section = { required: {}, optional: [] };
  for (const line of text.split('\n')) {
    const [, title] = /^# == (.+) ==$/.exec(line) ?? [];
    const [, mark, name, value] = /^(#?)([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (title !== undefined) found.set(title, (section = { required: {}, optional: [] }));
    else if (name !== undefined && mark === '') section.required[name] = value ?? '';
    else if (name !== undefined) section.optional.push(name);
  }
  return found;
}

function sectionOf(title: string): Section {
  const section = sections.get(title);
  if (section === undefined) throw new Error(`.env.example has no section "${title}"`);
  return section;
}

const byName = (a: string, b: string): number => a.localeCompare(b);

const configs: [string, new () => object][] = [
  ['gateway', GatewayConfig],
  ['webhook-ingress', IngressConfig],
  ['subscription', SubscriptionConfig],
  ['audit', AuditConfig],
  ['migrate', MigrateConfig],
  ['gateway maintain', MaintainConfig],
  ['subscription maintain', SubscriptionMaintainConfig],
  ['audit maintain', AuditMaintainConfig],
  ['audit rewrap', RewrapConfig],
  ['audit public key', PublicKeyConfig],
  ['replay', ReplayConfig],
  ['declare-topology', TopologyConfig],
];

describe('.env.example', () => {
  it.each(configs)('lists exactly the settings of %s', (title, Config) => {
    const { required, optional } = sectionOf(title);
    expect([...Object.keys(required), ...optional].toSorted(byName)).toEqual(settingNames(Config).toSorted(byName));
  });

  it.each(configs)('shows values that %s starts with', (title, Config) => {
    expect(loadConfig(Config, sectionOf(title).required, title)).toBeInstanceOf(Config);
  });

  const requiredSettings = configs.flatMap(([title, Config]) =>
    Object.keys(sections.get(title)?.required ?? {}).map((name) => [title, name, Config] as const),
  );
  it.each(requiredSettings)('%s refuses to start without %s, and names it', (title, name, Config) => {
    const { [name]: _, ...rest } = sectionOf(title).required;
    expect(() => loadConfig(Config, rest, title)).toThrow(ConfigInvalid);
    expect(() => loadConfig(Config, rest, title)).toThrow(new RegExp(`\\b${name}\\b`));
  });

  it('lists exactly the settings of the simulator, and values that it starts with', () => {
    const { required, optional } = sectionOf('stripe-simulator');
    expect([...Object.keys(required), ...optional].toSorted(byName)).toEqual(simulatorSettingNames.toSorted(byName));
    expect(readConfig(required)).toMatchObject({ ok: true });
  });
});
