import { html } from '../pages/html.js';
import type { Html } from '../pages/html.js';
import { layout } from '../pages/layout.page.js';
import { z } from 'zod';
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
  const { summary, status, body, answer, isStream, refusals = [] } = operation;
  const without = isStream ? 'a stream of events' : 'without a body';
  return html`<section class="card" aria-label="${method} ${path}">
    <h2><code>${method} ${path}</code></h2>
    <p>${summary}</p>
    <p class="soft">${needs === undefined ? 'Public.' : `Signed in with the role ${needs.role}.`}</p>
    ${body && details('Body', body)}
    ${answer === undefined ? html`<p>${status}, ${without}.</p>` : details(`Answer ${status}`, answer)}
    ${refusals.length > 0 && html`<p class="soft">Refuses with <code>${refusals.join(', ')}</code>.</p>`}
  </section>`;
}

function details(title: string, schema: z.ZodType): Html {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return html`<details>
    <summary>${title}</summary>
    <pre tabindex="0"><code>${JSON.stringify(rest, null, 2)}</code></pre>
  </details>`;
}
