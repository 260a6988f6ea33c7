import { describe, expect, it } from '@jest/globals';
import { atLeast, atMost, figure } from '../figure.js';
import { conclusionOf } from './conclusion.js';

const good = figure('apply.ratio_to_accept', 1.234, 'ratio', atLeast(1.2));
const bad = figure('end_to_end.200.p99', 240, 'ms', atMost(100));

describe('the last words of a run', () => {
  it('say that every goal holds where all parts ran and none missed', () => {
    expect(conclusionOf([good, figure('apply.rate', 12_345, 'events/s')], [])).toBe('every goal holds');
  });

  it('name each goal that misses', () => {
    expect(conclusionOf([good, bad], [])).toBe('goals that miss:\n  end_to_end.200.p99: 240 ms, goal <= 100');
  });

  it('claim nothing of a part that broke, whatever the others did', () => {
    expect(conclusionOf([good], ['audit'])).toBe('not measured, because they broke: audit');
    expect(conclusionOf([bad], ['audit', 'cost'])).toMatch(/^goals that miss:\n.*\nnot measured, .*: audit, cost$/);
  });
});
