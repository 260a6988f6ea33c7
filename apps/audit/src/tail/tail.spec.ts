import { describe, expect, it, test } from '@jest/globals';
import type { EntryView } from '../query/entries.store.js';
import { Tail, toFrame, toLastSeq } from './tail.js';

const anEntry = (seq: number): EntryView => ({
  seq,
  id: `event-${seq}`,
  type: 'billing.account.opened',
  user_id: null,
  data: 'two\nlines',
  ip: null,
  user_agent: null,
  erased: false,
  occurred_at: null,
  recorded_at: '2026-11-23T09:00:00.000000Z',
  hash: '00',
});

/** A trail of entries 1 to `head`, of which every second one fits, and a reader that is as slow as the test says. */
function aTail({ after = '0', expiresAt = Infinity } = {}) {
  const written: string[] = [];
  const state = { isSlow: false, end: null as 'ended' | 'destroyed' | null, head: 0, reads: 0 };
  const sink = {
    write: (text: string) => {
      written.push(text);
      return !state.isSlow;
    },
    end: () => void (state.end = 'ended'),
    destroy: () => void (state.end = 'destroyed'),
  };
  const read = (behind: string, limit: number): Promise<EntryView[]> => {
    state.reads += 1;
    const fitting = Array.from({ length: state.head }, (_, index) => index + 1).filter((seq) => seq % 2 === 0);
    return Promise.resolve(
      fitting
        .filter((seq) => seq > Number(behind))
        .slice(0, limit)
        .map(anEntry),
    );
  };
  const tail = new Tail(sink, read, { after, now: 0, expiresAt });
  const grow = (head: number): Promise<void> => {
    state.head = head;
    return tail.offer(String(head), () => 0);
  };
  const seqs = (): number[] => [...written.join('').matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
  return { tail, state, written, grow, seqs };
}

describe('a tail', () => {
  it('tells each entry once, in order, from where it began', async () => {
    const { grow, seqs, state } = aTail({ after: '4' });
    for (const head of [4, 5, 9, 9, 10]) await grow(head);
    expect(seqs()).toEqual([6, 8, 10]);
    expect(state.reads).toBe(3);
  });

  it('tells a long absence page by page', async () => {
    const { grow, seqs } = aTail();
    await grow(1_000);
    expect(seqs()).toEqual(Array.from({ length: 500 }, (_, index) => 2 * index + 2));
  });

  it('reads nothing for a reader that is slow, and misses nothing for it', async () => {
    const { grow, seqs, state, tail } = aTail();
    state.isSlow = true;
    await grow(500);
    await grow(600);
    expect([seqs().length, state.reads]).toEqual([100, 1]);
    state.isSlow = false;
    tail.catchUp();
    await grow(601);
    expect(seqs()).toEqual(Array.from({ length: 300 }, (_, index) => 2 * index + 2));
  });

  it('says something every fifteen seconds, and lets go of who has read nothing for half a minute', async () => {
    const { tail, written, state, grow } = aTail();
    tail.tick(14_999);
    tail.tick(15_000);
    expect(written).toEqual([':\n\n']);
    state.isSlow = true;
    await grow(2);
    tail.tick(29_999);
    expect(state.end).toBeNull();
    tail.tick(30_000);
    expect(state.end).toBe('destroyed');
  });

  it('ends with its token', () => {
    const { tail, state } = aTail({ expiresAt: 1_000 });
    tail.tick(999);
    expect(state.end).toBeNull();
    tail.tick(1_000);
    expect(state.end).toBe('ended');
  });

  it('keeps a frame whole whatever the data holds', () => {
    expect(toFrame(anEntry(7))).toMatch(/^event: entry\nid: 7\ndata: \{[^\n]*\}\n\n$/);
  });
});

test.each([
  ['17', '17'],
  ['0', '0'],
  ['', undefined],
  ['-1', undefined],
  ['017', undefined],
  ['9999999999999999999', undefined],
  [['1'], undefined],
])('a Last-Event-ID of %j is the seq %j', (value, seq) => {
  expect(toLastSeq(value)).toBe(seq);
});
