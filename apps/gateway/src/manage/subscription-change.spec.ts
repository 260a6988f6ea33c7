import { describe, expect, it } from '@jest/globals';
import { aSubscription } from '@billhook/testing';
import { cancellationOf, pauseEndOf, resumptionOf } from './subscription-change.js';

const running = aSubscription({ cancel_at_period_end: false, cancel_at: null });

describe('a cancellation', () => {
  it('asks for the period’s end and knows when that is', () => {
    const change = cancellationOf(running, false);
    if (change.kind !== 'update') throw new Error(change.kind);
    expect(change.params).toEqual({ cancel_at_period_end: true });
    const end = running.items.data[0]?.current_period_end ?? 0;
    expect(change.pending).toEqual({ kind: 'cancel_at_period_end', endsAt: new Date(end * 1000) });
  });

  it('has nothing to ask when an end is scheduled either way', () => {
    expect(cancellationOf({ ...running, cancel_at_period_end: true }, false).kind).toBe('nothing');
    expect(cancellationOf({ ...running, cancel_at: 1_800_000_000 }, false).kind).toBe('nothing');
  });

  it('at once goes ahead even then', () => {
    expect(cancellationOf({ ...running, cancel_at_period_end: true }, true)).toEqual({ kind: 'cancel_now' });
  });
});

describe('a resumption', () => {
  it('undoes an end the way it was scheduled', () => {
    expect(resumptionOf({ ...running, cancel_at_period_end: true })).toMatchObject({
      params: { cancel_at_period_end: false },
    });
    expect(resumptionOf({ ...running, cancel_at: 1_800_000_000 })).toMatchObject({ params: { cancel_at: '' } });
  });

  it('lets a paused one go on', () => {
    const paused = { ...running, status: 'paused' } as const;
    expect(pauseEndOf(paused, paused.id)).toEqual({ kind: 'unpause' });
    expect(resumptionOf(paused)).toEqual({ kind: 'nothing', reason: 'not_scheduled' });
    expect(pauseEndOf(paused, 'sub_other')).toEqual({ kind: 'nothing', reason: 'not_paused' });
    expect(pauseEndOf(running, running.id)).toEqual({ kind: 'nothing', reason: 'not_paused' });
  });

  it('has nothing to undo on a subscription that renews', () => {
    expect(resumptionOf(running)).toEqual({ kind: 'nothing', reason: 'not_scheduled' });
  });
});
