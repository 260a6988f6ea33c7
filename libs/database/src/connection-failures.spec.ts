import { describe, expect, it, test } from '@jest/globals';
import { hasServerVanished, isDatabaseUnavailable } from './connection-failures.js';

const withCode = (code: string): Error => Object.assign(new Error('as the server said'), { code });

describe('isDatabaseUnavailable', () => {
  test.each([
    '08006',
    '53300',
    '53100',
    '57P01',
    '57P03',
    // Whatever it was that took so long, a server in trouble most likely: who is at fault is for the caller to find out.
    '57014',
    '58030',
    '40001',
    '40P01',
    '55P03',
    '25P03',
    '25006',
    'ECONNREFUSED',
    'ECONNRESET',
  ])('%s is the surroundings', (code) => expect(isDatabaseUnavailable(withCode(code))).toBe(true));

  test.each(['23505', '22P02', '22021', '42501', '42P01', '25P02'])('%s is not', (code) =>
    expect(isDatabaseUnavailable(withCode(code))).toBe(false),
  );

  it.each([
    'Connection terminated unexpectedly',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Driver not Connected',
  ])('knows pg and TypeORM by their words where they give no code: %s', (message) =>
    expect(isDatabaseUnavailable(new Error(message))).toBe(true),
  );

  it('looks behind a wrapper and into the attempts of a happy-eyeballs connect', () => {
    expect(isDatabaseUnavailable(new Error('wrapped', { cause: withCode('57P01') }))).toBe(true);
    expect(isDatabaseUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true);
  });

  it.each([undefined, null, 'ECONNREFUSED', {}])('does not take %j for a failure of the database', (value) => {
    expect(isDatabaseUnavailable(value)).toBe(false);
  });
});

describe('hasServerVanished', () => {
  const said = (code: string, message: string): Error => Object.assign(new Error(message), { code });

  it.each([
    ['an end without a word', new Error('Connection terminated unexpectedly')],
    [
      'one that was named',
      new Error('database_unavailable', { cause: new Error('Connection terminated unexpectedly') }),
    ],
  ])('holds for %s', (_, error) => expect(hasServerVanished(error)).toBe(true));

  it.each([
    ['a server that was told to end', said('57P01', 'terminating connection due to administrator command')],
    [
      'the neighbour of one that crashed',
      said('57P02', 'terminating connection because of crash of another server process'),
    ],
    ['a cable that was cut', said('ECONNRESET', 'read ECONNRESET')],
    ['a server that does not answer', new Error('Query read timeout')],
    ['a connection that was closed by us', new Error('Connection terminated')],
    ['no error', 'Connection terminated unexpectedly'],
  ])('does not hold for %s', (_, error) => expect(hasServerVanished(error)).toBe(false));
});
