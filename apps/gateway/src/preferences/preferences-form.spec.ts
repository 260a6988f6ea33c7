import { describe, expect, it, test } from '@jest/globals';
import { readForm } from './preferences-form.js';
import type { TypedPreferences } from './preferences-form.js';

const typed = (changes: Partial<TypedPreferences> = {}): TypedPreferences => ({
  theme: 'light',
  email: 'on',
  volume_multiple: '2.5',
  minimum_volume: '25000',
  ...changes,
});

describe('the form of the preferences', () => {
  it('says all of them: a box that is not sent is off', () => {
    expect(readForm(typed())).toEqual({
      kind: 'read',
      preferences: {
        theme: 'light',
        notifications: { email: true, sms: false },
        alert_thresholds: { volume_multiple: 2.5, minimum_volume: 25_000 },
      },
    });
  });

  test.each([
    ['1', '0'],
    ['1000', '1000000000000000'],
    [' 3 ', '0.01'],
  ])('takes what its limits allow: %j and %j', (volume_multiple, minimum_volume) => {
    expect(readForm(typed({ volume_multiple, minimum_volume })).kind).toBe('read');
  });

  test.each(['', '0', '0.99', '1001', '2,5', '2.555', '1e2', '-3', 'many', '٣', '9'.repeat(20_000)])(
    'says what the multiple may be where it is %.12j',
    (volume_multiple) => {
      const reading = readForm(typed({ volume_multiple }));
      expect(reading).toMatchObject({
        kind: 'unreadable',
        problems: { volume_multiple: expect.stringContaining('1,000') },
      });
      expect(reading).not.toHaveProperty('problems.minimum_volume');
    },
  );

  it('says both where both are wrong, and keeps the rest as it was chosen', () => {
    const reading = readForm(typed({ volume_multiple: '', minimum_volume: '1000000000000001' }));
    expect(reading).toMatchObject({
      kind: 'unreadable',
      problems: { volume_multiple: expect.any(String), minimum_volume: expect.any(String) },
      preferences: { theme: 'light', notifications: { email: true, sms: false } },
    });
  });
});
