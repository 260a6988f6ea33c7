import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { putBack, takePersonal } from './personal.js';
import type { Json } from './storable.js';

describe('what is personal in the data of an event', () => {
  it('is taken out by its name, at any depth, and leaves null behind', () => {
    const data = { user_id: 'ada', email: 'ada@example.test', before: { 'a/b~': [{ name: 'Ada' }] } };
    expect(takePersonal(data)).toEqual({
      data: { user_id: 'ada', email: null, before: { 'a/b~': [{ name: null }] } },
      taken: { '/email': 'ada@example.test', '/before/a~1b~0/0/name': 'Ada' },
    });
  });

  it('is any sentence with an e-mail address in it, but no id', () => {
    const data = { note: 'asked by ada@example.test', at: 'seen @ noon', user_id: 'ada@example.test' };
    expect(takePersonal(data)).toEqual({
      data: { ...data, note: null },
      taken: { '/note': 'asked by ada@example.test' },
    });
  });

  it('comes back to where it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const data: Json = JSON.parse(JSON.stringify({ value, email: 'a@b.test', '': { name: '~1/' } }));
        const sealed = takePersonal(data);
        expect(JSON.stringify(sealed.data)).not.toContain('a@b.test');
        expect(putBack(sealed.data, sealed.taken)).toEqual(data);
      }),
    );
  });
});
