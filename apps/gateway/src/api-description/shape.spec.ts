import { describe, expect, it, test } from '@jest/globals';
import { z } from 'zod';
import { schemaOf } from './openapi.js';
import { operations } from './operations.js';
import { shapeOf } from './shape.js';

describe('a shape', () => {
  test.each([
    [z.string(), 'string'],
    [z.int(), 'number'],
    [z.literal(1), '1'],
    [z.enum(['dark', 'light']), '"dark" | "light"'],
    [z.string().nullable(), 'string | null'],
    [z.array(z.enum(['csv', 'json'])), '("csv" | "json")[]'],
    [z.array(z.object({ id: z.string() })), '{\n  id: string;\n}[]'],
    [
      z.object({ id: z.string().describe('of Stripe'), plan: z.object({ tier: z.int() }).optional() }),
      '{\n  id: string; // of Stripe\n  plan?: {\n    tier: number;\n  };\n}',
    ],
  ])('%# is told as TypeScript tells it', (schema, shape) => {
    expect(shapeOf(schemaOf(schema, 'output'))).toBe(shape);
  });

  it('of everything that is described has a name for each part', () => {
    const schemas = Object.values(operations).flatMap(({ body, answer }) => [body, answer]);
    const shapes = schemas.flatMap((schema) => (schema === undefined ? [] : [shapeOf(schemaOf(schema, 'output'))]));
    expect(shapes.filter((shape) => /unknown|undefined|\[object/.test(shape))).toEqual([]);
  });
});
