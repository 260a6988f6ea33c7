import { describe, expect, it } from '@jest/globals';
import { choiceText, fieldsOf, readChoice, readReplayForm, textOf } from './fields.js';

describe('the form of a replay', () => {
  it('says which events, why, and where to go on', () => {
    const fields = { reason: 'unreadable', type: 'stripe.invoice.paid', note: ' the plan is known ', cursor: '17' };
    expect(readReplayForm(fields)).toEqual({
      choice: { id: undefined, reason: 'unreadable', type: 'stripe.invoice.paid' },
      note: 'the plan is known',
      cursor: '17',
    });
  });

  it.each([undefined, null, '', 'note', ['note'], {}, { note: '  ' }, { note: ['a', 'b'] }, { note: { a: 'b' } }])(
    'has no reason in %j',
    (fields) => {
      expect(readReplayForm(fields).note).toBe('');
    },
  );

  it('takes a field that was left empty for one that was left out', () => {
    expect(readChoice({ id: '', reason: ' ', type: 'stripe.invoice.paid' })).toEqual({
      id: undefined,
      reason: undefined,
      type: 'stripe.invoice.paid',
    });
  });
});

describe('a field', () => {
  it('is none that every object has', () => {
    expect(['constructor', '__proto__', 'toString'].map((name) => textOf({}, name))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([null, undefined, 7, 'a', ['a']])('is none where %j came instead of a form', (value) => {
    expect(fieldsOf(value)).toEqual({});
  });
});

describe('a choice in words', () => {
  it.each([
    [{}, 'all parked events'],
    [{ id: 'evt_1' }, 'the parked event evt_1'],
    [{ id: 'evt_1', reason: 'unreadable' }, 'the parked event evt_1'],
    [{ reason: 'unreadable' }, 'the events parked for unreadable'],
    [{ type: 'stripe.invoice.paid' }, 'the events parked of the type stripe.invoice.paid'],
    [
      { reason: 'unreadable', type: 'stripe.invoice.paid' },
      'the events parked for unreadable of the type stripe.invoice.paid',
    ],
  ])('%j is %j', (choice, text) => {
    expect(choiceText(choice)).toBe(text);
  });
});
