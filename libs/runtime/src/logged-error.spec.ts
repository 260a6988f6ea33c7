import { expect, it } from '@jest/globals';
import pino from 'pino';
import { loggedError } from './logged-error.js';

/** What a log line says of an error, by the way that every line takes. */
function logged(error: unknown): string {
  const lines: string[] = [];
  const logger = pino(
    { serializers: { err: (each: Error) => loggedError(pino.stdSerializers.err(each)) } },
    { write: (line: string) => lines.push(line) },
  );
  logger.error({ err: error });
  return lines.join();
}

/** As TypeORM throws it. */
class QueryFailedError extends Error {
  override readonly name = 'QueryFailedError';
  readonly code = '22001';
  constructor(
    readonly query: string,
    readonly parameters: unknown[],
    readonly driverError: Error & { detail: string },
  ) {
    super(driverError.message);
    Object.assign(this, driverError);
  }
}

const driverError = Object.assign(new Error('value too long'), {
  code: '22001',
  detail: 'Failing row contains (ada@example.com)',
});
const failed = new QueryFailedError('INSERT INTO inbox', [Buffer.from('ada@example.com'), 'Ada'], driverError);

it('tells what failed, and none of the data it failed with', () => {
  const line = logged(failed);
  expect(JSON.parse(line)).toMatchObject({
    err: { type: 'QueryFailedError', message: 'value too long', code: '22001', stack: expect.any(String) },
  });
  expect(line).not.toMatch(/ada@example|"Ada"|Failing row|"data":\[97/);
});

it('keeps the words of causes and of gathered errors, not their data', () => {
  const line = logged(new AggregateError([failed, new Error('no route', { cause: failed })], 'all failed'));
  expect(line).toContain('all failed');
  expect(line).toContain('no route: value too long');
  expect(line).not.toMatch(/ada@example|"Ada"|Failing row|"data":\[97/);
});

it('leaves alone what is no error', () => {
  expect(logged('just words')).toContain('"err":"just words"');
});
