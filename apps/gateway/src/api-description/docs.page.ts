import { html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import type { z } from 'zod';
import { layout } from '../pages/layout.page.js';
import { schemaOf } from './openapi.js';
import type { Described } from './openapi.js';
import { shapeOf } from './shape.js';

/** The description for people; programs have `/openapi.json`. */
export function docsPage(described: readonly Described[]): string {
  return layout({
    title: 'API',
    body: html`<h1>API</h1>
      <p class="lead">
        JSON over HTTP under <code>/v1</code>. Errors are <code>application/problem+json</code> with a stable
        <code>code</code>. For programs: <a href="/openapi.json">openapi.json</a>.
      </p>
      <div class="stack spaced reference">${described.map((each) => section(each, addressOf(described)))}</div>`,
  });
}

/** Where a shape is written out: the first operation that carries it. */
type AddressOf = (schema: z.ZodType) => Described | undefined;

function addressOf(described: readonly Described[]): AddressOf {
  return (schema) => described.find(({ operation: { answer, body } }) => answer === schema || body === schema);
}

const idOf = ({ method, path }: Described): string => `${method}${path.replace(/\W+/g, '-')}`.toLowerCase();

function section(described: Described, addressed: AddressOf): Html {
  const { method, path, needs, operation } = described;
  const { summary, status, body, answer, refusals = [] } = operation;
  const shape = (title: string, schema: z.ZodType): Html => {
    const first = addressed(schema);
    return first === undefined || first === described ? details(title, schema) : reference(title, first);
  };
  return html`<section class="card" id="${idOf(described)}" aria-label="${method} ${path}">
    <h2><code>${method} ${path}</code></h2>
    <p>${summary}</p>
    <p class="soft">${needs === undefined ? 'Public.' : `Signed in with the role ${needs.role}.`}</p>
    ${body && shape('Body', body)}
    ${answer === undefined ? html`<p>${status}, without a body.</p>` : shape(`Answer ${status}`, answer)}
    ${refusals.length > 0 && html`<p class="soft">Refuses with <code>${refusals.join(', ')}</code>.</p>`}
  </section>`;
}

function reference(title: string, first: Described): Html {
  return html`<p>
    ${title}: the same as in <a href="#${idOf(first)}"><code>${first.method} ${first.path}</code></a
    >.
  </p>`;
}

function details(title: string, schema: z.ZodType): Html {
  return html`<details>
    <summary>${title}</summary>
    <pre tabindex="0"><code>${shapeOf(schemaOf(schema, 'output'))}</code></pre>
  </details>`;
}
