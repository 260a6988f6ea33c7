import type { z } from 'zod';
import { html } from '../pages/html.js';
import type { Html } from '../pages/html.js';
import { layout } from '../pages/layout.page.js';
import { schemaOf } from './openapi.js';
import type { Described } from './openapi.js';

/** The description for people; programs have `/openapi.json`. */
export function docsPage(described: readonly Described[]): string {
  return layout({
    title: 'API',
    body: html`<h1>API</h1>
      <p class="lead">
        JSON over HTTP under <code>/v1</code>. Errors are <code>application/problem+json</code> with a stable
        <code>code</code>. For programs: <a href="/openapi.json">openapi.json</a>.
      </p>
      ${described.map(section)}`,
  });
}

function section({ method, path, needs, operation }: Described): Html {
  const { summary, status, body, answer, refusals = [] } = operation;
  return html`<section class="card" aria-label="${method} ${path}">
    <h2><code>${method} ${path}</code></h2>
    <p>${summary}</p>
    <p class="soft">${needs === undefined ? 'Public.' : `Signed in with the role ${needs.role}.`}</p>
    ${body && details('Body', body)}
    ${answer === undefined ? html`<p>${status}, without a body.</p>` : details(`Answer ${status}`, answer)}
    ${refusals.length > 0 && html`<p class="soft">Refuses with <code>${refusals.join(', ')}</code>.</p>`}
  </section>`;
}

function details(title: string, schema: z.ZodType): Html {
  return html`<details>
    <summary>${title}</summary>
    <pre tabindex="0"><code>${JSON.stringify(schemaOf(schema, 'output'), null, 2)}</code></pre>
  </details>`;
}
