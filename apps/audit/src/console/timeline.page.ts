import { html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import type { Step, Story } from '../timeline/stories.js';
import type { TimelinePage } from '../timeline/timeline.store.js';
import { addressWith, consolePage, entryAddress, moment, userAddress } from './console.page.js';

export function timelinePage(userId: string, { data, next_cursor }: TimelinePage): string {
  const older = addressWith(userAddress(userId), { cursor: next_cursor ?? undefined });
  return consolePage({
    title: `Timeline of ${userId}`,
    place: 'search',
    body: html`<h1>Timeline of ${userId}</h1>
      <p class="soft">
        What led to what, newest first.
        <a href="${addressWith('/console', { user_id: userId })}">The same as entries</a>
      </p>
      ${
        data.length === 0 &&
        html`<section class="card">
          <p>There is no entry about this user. Check the id: it is the <code>sub</code> of their tokens.</p>
        </section>`
      }
      ${data.map(story)}
      ${next_cursor !== null && html`<div class="actions"><a class="button quiet" href="${older}">Older</a></div>`}`,
  });
}

function story({ at, steps }: Story, index: number): Html {
  return html`<section class="card" aria-labelledby="story-${index}">
    <h2 id="story-${index}">${moment(at)}</h2>
    <ol class="rows">
      ${steps.map(step)}
    </ol>
  </section>`;
}

function step(each: Step): Html {
  return html`<li>
    <span class="stage ${each.stage}">${each.stage}</span>
    <a class="what" href="${entryAddress(each.id)}">${each.type}</a>
    ${changeOf(each)}
    <span class="soft small">#${each.seq} · ${moment(each.recorded_at)}</span>
  </li>`;
}

/** A subscription is too long for a line: its entry shows it. */
function changeOf({ before, after }: Step): Html | undefined {
  if (before === undefined && after === undefined) return undefined;
  return html`<span>${inShort(before)} → ${inShort(after)}</span>`;
}

function inShort(value: Step['before']): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value !== 'object') return String(value);
  const status = 'status' in value ? value['status'] : undefined;
  return typeof status === 'string' ? status : '…';
}
