import { waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { connect, opened } from '../trail.spec-support.js';

let audit: AuditUnderTest;
const closers: (() => void)[] = [];

beforeAll(async () => {
  audit = await startAudit();
  await audit.append([opened('early', { id: 'early' })]);
}, 60_000);
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(async () => {
  await audit?.stop();
});

/** A reader of the stream, as a browser is one. */
async function follow(query: string, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await audit.fetch(`/v1/entries/tail?${query}`, { headers, signal: controller.signal });
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk);
  })().catch(() => undefined);
  closers.push(() => controller.abort());
  return {
    response,
    reading,
    close: () => controller.abort(),
    text: () => text,
    frames: () =>
      [...text.matchAll(/^event: entry\nid: (\d+)\ndata: (.*)$/gm)].map(([, id, data]) => ({
        ...JSON.parse(data ?? ''),
        id,
      })),
  };
}

const idsOf = (stream: Awaited<ReturnType<typeof follow>>): string[] => stream.frames().map(({ id }) => String(id));
const usersOf = (stream: Awaited<ReturnType<typeof follow>>): unknown[] =>
  stream.frames().map(({ user_id }) => user_id);

describe('GET /v1/entries/tail', () => {
  it('tells what is appended from now on, whichever process appends it', async () => {
    const stream = await follow('type=billing.*');
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await waitFor('the beginning', () => Promise.resolve(stream.text().startsWith('retry: ')));
    const other = await connect(audit.database);
    try {
      await audit.append([opened('one')]);
      await audit.appendBy(other, [opened('two')]);
    } finally {
      await other.destroy();
    }
    await waitFor('both entries', () => Promise.resolve(stream.frames().length === 2));
    expect(usersOf(stream)).toEqual(['one', 'two']);
  });

  it('begins where it is told, and goes on from the last entry heard', async () => {
    const stream = await follow('since=0&type=billing.*');
    await waitFor('three entries', () => Promise.resolve(stream.frames().length === 3));
    stream.close();
    const [first, second, third] = idsOf(stream);
    await audit.append([opened('three')]);
    const again = await follow('since=0&type=billing.*', { 'last-event-id': String(second) });
    await waitFor('the rest', () => Promise.resolve(again.frames().length === 2));
    expect(idsOf(again)[0]).toBe(third);
    expect(idsOf(again)).not.toContain(first);
    expect(usersOf(again)).toEqual(['two', 'three']);
  });

  it('tells a long absence to the end, filtered', async () => {
    for (let batch = 0; batch < 4; batch += 1) {
      await audit.append(Array.from({ length: 100 }, (_, index) => opened(index % 2 === 0 ? 'even' : 'odd')));
    }
    const stream = await follow('since=0&user_id=even');
    await waitFor('200 entries', () => Promise.resolve(stream.frames().length === 200));
    const ids = idsOf(stream).map(Number);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  });

  it('is one entry, however much it tells', async () => {
    const looks = async (): Promise<number> => (await audit.entries('type=audit.trail.read&q=tail&limit=200')).length;
    const before = await looks();
    const stream = await follow('since=0&user_id=even');
    await waitFor('its entries', () => Promise.resolve(stream.frames().length === 200));
    expect(await looks()).toBe(before + 1);
  });

  it.each(['since=-1', 'since=x', 'limit=5', 'ip=nowhere'])('refuses ?%s', async (query) => {
    expect(await audit.get(`/v1/entries/tail?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
  });

  it('is for ops alone', async () => {
    expect(await audit.get('/v1/entries/tail', ['user'])).toMatchObject({ status: 403 });
  });
});
