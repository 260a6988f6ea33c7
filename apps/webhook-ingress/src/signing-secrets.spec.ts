import { describe, expect, it } from '@jest/globals';
import { readSecrets } from './signing-secrets.js';

describe('readSecrets', () => {
  it.each([
    ['one', 'whsec_made_up'],
    ['F19: one with a line break at its end', 'whsec_made_up\n'],
    ['F19: one as Windows writes it', 'whsec_made_up\r\n'],
    ['F19: one with spaces around it', '  whsec_made_up \n\n'],
  ])('reads %s without a trace of white space', (_, text) => {
    expect(readSecrets(text)).toEqual({ ok: true, secrets: ['whsec_made_up'] });
  });

  it.each(['whsec_new,whsec_old', 'whsec_new\nwhsec_old\n', 'whsec_new,\nwhsec_old,'])('reads several: %j', (text) => {
    expect(readSecrets(text)).toEqual({ ok: true, secrets: ['whsec_new', 'whsec_old'] });
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n ,\n'],
    ['an API key', 'sk_test_made_up'],
    ['white space inside', 'whsec_made up'],
    ['a good one beside a bad one', 'whsec_made_up\nundefined'],
  ])('F19: refuses %s, and does not repeat it', (_, text) => {
    const reading = readSecrets(text);
    expect(reading).toMatchObject({ ok: false, problem: expect.stringMatching(/whsec_|no signing secret/) });
    expect(JSON.stringify(reading)).not.toContain('made');
    expect(JSON.stringify(reading)).not.toContain('undefined');
  });
});
