import { html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import type { EntryView } from '../query/entries.store.js';
import { tailScriptPath } from './console-assets.controller.js';
import { addressWith, consolePage, entryAddress, moment, notice, userAddress } from './console.page.js';
import type { FilterName, Typed } from './search.request.js';

export interface SearchPage {
  typed: Typed;
  problems: readonly string[];
  found: { entries: readonly EntryView[]; nextCursor: string | null } | null;
  /** Up to where the trail had grown when this page was read; undefined when it does not follow. */
  liveSince: string | undefined;
}

export function searchPage(page: SearchPage): string {
  return consolePage({
    title: page.problems.length > 0 ? 'Please check: Search' : 'Search',
    place: 'search',
    script: page.liveSince === undefined ? undefined : tailScriptPath,
    body: html`<h1>Audit trail</h1>
      ${page.problems.map((problem) => notice('bad', `${inWords(problem)}.`))} ${searchForm(page.typed)}
      ${page.found !== null && results(page, page.found)}`,
  });
}

const fields: readonly { name: FilterName; label: string; hint: string }[] = [
  { name: 'type', label: 'Type', hint: 'billing.tier.changed, or stripe.*' },
  { name: 'user_id', label: 'User id', hint: 'as your product knows them' },
  { name: 'stripe_id', label: 'Stripe id', hint: 'cus_…, sub_…, in_…, evt_…' },
  { name: 'request_id', label: 'Request id', hint: 'as an error page shows it' },
  { name: 'from', label: 'Recorded from', hint: '2026-11-01, or 2026-11-01T09:30:00Z (UTC)' },
  { name: 'to', label: 'Recorded before', hint: 'the same; not itself included' },
  { name: 'ip', label: 'IP address', hint: 'a whole IPv4 or IPv6 address' },
  { name: 'q', label: 'Words', hint: 'all of them, in what is not sealed' },
];

/** Programs are told the names of parameters; people, those of the fields. */
function inWords(problem: string): string {
  return fields.reduce(
    (text, { name, label }) => text.replace(new RegExp(`(?:^${name}(?= must))|(?<= than )${name}$`), `“${label}”`),
    problem,
  );
}

function searchForm(typed: Typed): Html {
  return html`<form class="card" method="get" action="/console" role="search" aria-label="The audit trail">
    <div class="fields">
      ${fields.map(
        ({ name, label, hint }) =>
          html`<div class="field">
            <label for="${name}">${label}</label>
            <input id="${name}" name="${name}" value="${typed[name]}" aria-describedby="${name}-hint" />
            <p class="hint" id="${name}-hint">${hint}</p>
          </div>`,
      )}
    </div>
    <div class="actions">
      <button class="button green" type="submit">Search</button>
      <button class="button quiet" type="submit" name="live" value="on">Search and follow</button>
      <a class="button quiet" href="/console">Clear</a>
    </div>
  </form>`;
}

function results({ typed, liveSince }: SearchPage, found: NonNullable<SearchPage['found']>): Html {
  const { entries, nextCursor } = found;
  const next = addressWith('/console', { ...typed, cursor: nextCursor ?? undefined });
  return html`<section class="card" aria-labelledby="entries">
    <div class="split">
      <h2 id="entries">Entries, newest first</h2>
      <span>
        <a href="${addressWith('/console/export', { ...typed, format: 'ndjson' })}">Export as evidence (NDJSON)</a> ·
        <a href="${addressWith('/console/export', { ...typed, format: 'csv' })}">as CSV</a>
      </span>
    </div>
    ${liveSince !== undefined && follow()}
    ${
      entries.length === 0 &&
      html`<p class="soft" data-empty>
        No entry fits. Leave a filter out, or check it: all that are given must hold, and a part of a word is not found.
      </p>`
    }
    <ol class="rows" ${liveSince !== undefined && tailing(typed, liveSince, entries)}>
      ${entries.map(row)}
    </ol>
    ${nextCursor !== null && html`<div class="actions"><a class="button quiet" href="${next}">Older entries</a></div>`}
  </section>`;
}

function tailing(typed: Typed, since: string, entries: readonly EntryView[]): Html {
  const newest = entries[0]?.seq ?? 0;
  return html`data-tail="${addressWith('/console/tail', { ...typed, since })}" data-newest="${newest}"`;
}

function follow(): Html {
  return html`<p class="soft" role="status" data-tail-status>Connecting…</p>
    <noscript><p class="soft">Following needs a script: load this page again to see what is new.</p></noscript>
    <template data-row>
      <li><a class="what"></a><span class="who" data-user></span><span class="soft small" data-when></span></li>
    </template>`;
}

function row({ seq, id, type, user_id, recorded_at }: EntryView): Html {
  return html`<li>
    <a class="what" href="${entryAddress(id)}">${type}</a>
    ${user_id !== null && html`<a class="who" href="${userAddress(user_id)}">${user_id}</a>`}
    <span class="soft small">#${seq} · ${moment(recorded_at)}</span>
  </li>`;
}
