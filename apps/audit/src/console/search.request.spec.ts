import { describe, expect, it } from '@jest/globals';
import { filterNames, readSearch } from './search.request.js';

const good: Record<(typeof filterNames)[number], string> = {
  type: 'stripe.*',
  user_id: 'user-1',
  stripe_id: 'cus_1',
  request_id: 'request-1',
  from: '2026-11-01',
  to: '2026-11-02T09:30:00Z',
  ip: '203.0.113.7',
  q: 'zebra',
};

describe('the address of a search', () => {
  it('says what to look for, and is shown again in the form', () => {
    expect(readSearch({ ...good, cursor: '17', live: 'on' })).toEqual({
      kind: 'search',
      typed: good,
      filter: {
        type: { kind: 'prefix', prefix: 'stripe.' },
        userId: 'user-1',
        stripeId: 'cus_1',
        requestId: 'request-1',
        from: new Date('2026-11-01T00:00:00Z'),
        to: new Date('2026-11-02T09:30:00Z'),
        ip: '203.0.113.7',
        words: 'zebra',
      },
      cursor: '17',
      isLive: true,
    });
  });

  it.each([
    ['nothing', {}],
    ['fields that were left empty, as a browser sends them', Object.fromEntries(filterNames.map((name) => [name, '']))],
    ['blanks', { user_id: '  ', type: '\t' }],
    ['what nobody asked for', { colour: 'red', limit: '5' }],
    ['no object at all', null],
    ['a list', ['type']],
  ])('asks for everything when it holds %s', (_, query) => {
    const reading = readSearch(query);
    expect(reading).toMatchObject({ kind: 'search', typed: {}, cursor: undefined, isLive: false });
    expect(Object.values(reading.kind === 'search' ? reading.filter : { it: 'is none' }).filter(Boolean)).toEqual([]);
  });

  it.each([
    [{ type: 'what?' }, 'type must be an event type'],
    [{ from: 'tomorrow' }, 'from must be an ISO 8601 date'],
    [{ from: '2026-02-30' }, 'from must be an ISO 8601 date'],
    [{ from: '2026-11-02', to: '2026-11-01' }, 'from must be earlier than to'],
    [{ from: '2026-11-02', to: '2026-11-02' }, 'from must be earlier than to'],
    [{ ip: '203.0.113' }, 'ip must be an IPv4 or IPv6 address'],
    [{ stripe_id: '<script>' }, 'stripe_id must be one of Stripe'],
    [{ user_id: 'x'.repeat(256) }, 'user_id must be one text'],
    [{ user_id: 'a\0b' }, 'user_id must be one text'],
    [{ request_id: ['a', 'b'] }, 'request_id must be one text'],
    [{ q: '!!' }, 'q must be one text of up to 255 characters with a word in it'],
    [{ cursor: '-1' }, 'cursor must be the next_cursor'],
    [{ live: 'off' }, 'live must be on, or left out'],
  ])('says what is wrong with %j', (query, problem) => {
    const reading = readSearch(query);
    expect(reading).toMatchObject({ kind: 'unreadable', problems: [expect.stringContaining(problem)] });
  });

  it('keeps what was typed in its field, also what is wrong with it, and says every problem', () => {
    const reading = readSearch({ ip: 'here', from: 'tomorrow', user_id: 'user-1' });
    expect(reading).toMatchObject({
      kind: 'unreadable',
      typed: { ip: 'here', from: 'tomorrow', user_id: 'user-1' },
      problems: [expect.stringContaining('from'), expect.stringContaining('ip')],
    });
  });

  it('shows nothing in a field that came twice, or as something else than text', () => {
    expect(readSearch({ ip: ['203.0.113.7', '203.0.113.8'], q: { a: 'b' } }).typed).toEqual({});
  });
});
