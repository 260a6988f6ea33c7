import { toHeaders } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { runProcess, startReaper, waitFor } from '@billhook/testing';
import type { Reaper } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { asSuperuser, opened } from '../trail.spec-support.js';

let audit: AuditUnderTest;
let model: ChannelModel;
let channel: ConfirmChannel;
let reaper: Reaper;
let folder: string;

beforeAll(async () => {
  audit = await startAudit(async (url) => {
    model = await connect(url);
    channel = await model.createConfirmChannel();
    return url;
  });
  reaper = startReaper();
  folder = await mkdtemp(join(tmpdir(), 'billhook-audit-dead-letters-'));
});
afterAll(async () => {
  await reaper?.close();
  await rm(folder, { recursive: true, force: true });
  await model?.close();
  await audit?.stop();
});

async function die({ attributes, body }: OutgoingEvent): Promise<void> {
  channel.publish('', 'audit.events.dead', body, { headers: toHeaders(attributes), persistent: true });
  await channel.waitForConfirms();
}

const outcomesOf = (id: string): Promise<unknown[]> =>
  asSuperuser(audit.database.adminUrl, 'SELECT outcome, reason FROM audit.inbox WHERE event_id = $1', [id]);
const statusOf = async (id: string): Promise<number> => (await audit.get(`/v1/entries/${id}`)).status;

/** The compiled command; what it said. */
async function replay(...programArguments: string[]): Promise<string> {
  const logFile = join(folder, `${performance.now()}.log`);
  await runProcess({
    reaper,
    name: 'replay',
    script: 'apps/audit/src/replay.command.js',
    programArguments,
    settings: { DATABASE_URL: audit.database.serviceUrl },
    logFile,
  });
  return readFile(logFile, 'utf8');
}

it('a dead letter of the trail’s queue waits beside the trail, and a replay appends it once', async () => {
  const event = opened('dead');
  const { id } = event.attributes;
  await die(event);
  await waitFor('its parking', async () => (await outcomesOf(id)).length === 1);
  expect(await outcomesOf(id)).toEqual([{ outcome: 'parked', reason: 'dead_letter: unknown' }]);
  expect(await statusOf(id)).toBe(404);
  expect(await replay()).toContain(`audit: ${id} billing.account.opened, since `);

  expect(await replay('--reason', 'dead_letter')).toContain('audit: 1 parked events match, 1 are tried again\n');
  await waitFor('its entry', async () => (await statusOf(id)) === 200);
  await waitFor('its outcome', async () => JSON.stringify(await outcomesOf(id)).includes('applied'));
  expect(await replay()).toContain('audit: nothing is parked');
  expect(await audit.entries('user_id=dead')).toHaveLength(1);
  expect((await audit.get('/v1/chain/verify')).body).toMatchObject({ ok: true });
});

it('a dead letter of an event that is in the trail is no news', async () => {
  const event = opened('known');
  await audit.publish(event);
  await waitFor('its entry', async () => (await statusOf(event.attributes.id)) === 200);
  await die(event);
  const last = opened('behind');
  await die(last);
  await waitFor('the one behind it', async () => (await outcomesOf(last.attributes.id)).length === 1);
  expect(await outcomesOf(event.attributes.id)).toEqual([]);
});

it('one that came again by itself meanwhile is appended once, whatever is replayed', async () => {
  const event = opened('again');
  const { id } = event.attributes;
  await die(event);
  await waitFor('its parking', async () => (await outcomesOf(id)).length === 1);
  await audit.publish(event);
  await waitFor('its entry', async () => (await statusOf(id)) === 200);
  await replay(id);
  await waitFor('its outcome', async () => JSON.stringify(await outcomesOf(id)).includes('applied'));
  expect(await audit.entries('user_id=again')).toHaveLength(1);
});
