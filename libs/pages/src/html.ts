/** Text that is already safe to put into a page. Only `html` makes one, so that nothing unescaped can pass for it. */
export class Html {
  private constructor(readonly text: string) {}

  static fromTemplate(strings: readonly string[], values: readonly HtmlValue[]): Html {
    const parts = strings.map((part, index) => part + (index < values.length ? toText(values[index]) : ''));
    return new Html(parts.join(''));
  }

  toString(): string {
    return this.text;
  }
}

/** What a template may hold. `false`, `null` and `undefined` show nothing, so that `condition && html…` works. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[];

/**
 * Escapes every value unless it is itself `html`. Attribute values must be written in double quotes: escaping cannot protect
 * an unquoted one.
 */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return Html.fromTemplate(strings, values);
}

function toText(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
  return value.map(toText).join('');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
