import { describe, expect, it } from '@jest/globals';
import { toStorable } from './storable.js';
import type { Json, Note } from './storable.js';

function storable(text: string): { data: Json; notes: Note[] } {
  const notes = new Set<Note>();
  return { data: toStorable(JSON.parse(text), notes), notes: [...notes] };
}

describe('what PostgreSQL and RFC 8785 both take', () => {
  it.each<[string, string, unknown, string[]]>([
    ['U+0000', '{"a":"x\\u0000y"}', { a: 'x\uFFFDy' }, ['characters_replaced']],
    ['a lone surrogate', '{"\\ud800":"\\udc00"}', { '\uFFFD': '\uFFFD' }, ['characters_replaced']],
    ['a number beyond all numbers', '{"a":1e400}', { a: null }, ['numbers_replaced']],
    ['a key that is a prototype elsewhere', '{"__proto__":{"x":1}}', JSON.parse('{"__proto__":{"x":1}}'), []],
    ['a key said twice', '{"a":1,"a":2}', { a: 2 }, []],
    ['null', 'null', null, []],
    ['a list', '[1]', [1], []],
  ])('is what can be kept of %s', (_, text, data, notes) => {
    expect(storable(text)).toEqual({ data, notes });
  });

  it('ends where it is deeper than 32 levels', () => {
    const { data, notes } = storable('['.repeat(5_000) + ']'.repeat(5_000));
    expect(notes).toEqual(['depth_cut']);
    expect(JSON.stringify(data)).toHaveLength(2 * 32 + 'null'.length);
  });
});
