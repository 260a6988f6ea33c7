/** JSON Schema as `z.toJSONSchema` writes it, as far as it is told to people here. */
interface JsonSchema {
  type?: string | string[];
  description?: string;
  format?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

/**
 * A schema in the notation of TypeScript, which is read at a glance: its limits are in openapi.json. What it does not know it calls
 * by its type.
 */
export function shapeOf(schema: JsonSchema, indent = ''): string {
  if (schema.properties !== undefined) return objectShape(schema, indent);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((each) => shapeOf(each, indent)).join(' | ');
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items !== undefined) return listShape(schema.items, indent);
  return typesOf(schema).join(' | ');
}

function typesOf({ type = 'unknown' }: JsonSchema): string[] {
  return [type].flat().map((name) => (name === 'integer' ? 'number' : name));
}

function listShape(items: JsonSchema, indent: string): string {
  const each = shapeOf(items, indent);
  return each.includes(' | ') && items.properties === undefined ? `(${each})[]` : `${each}[]`;
}

function objectShape({ properties = {}, required = [] }: JsonSchema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?';
    const note = schema.description === undefined ? '' : ` // ${schema.description}`;
    return `${inner}${name}${mark}: ${shapeOf(schema, inner)};${note}`;
  });
  return ['{', ...lines, `${indent}}`].join('\n');
}
