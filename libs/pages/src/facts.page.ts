import { html } from './html.js';
import type { Html } from './html.js';

/** A list of facts: what each is called, and what it is. */
export function factList(facts: readonly (readonly [name: string, value: string | Html])[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
