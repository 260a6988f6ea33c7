import { factList, html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { addressWith, consolePage, entryAddress, jsonBlock, moment, notice, parkedAddress } from './console.page.js';
import type { Choice, ParkedDetail, ParkedEvent, ParkedGroup, Told } from './parked-events.client.js';

interface ParkedList {
  choice: Choice;
  groups: readonly ParkedGroup[];
  page: { data: readonly ParkedEvent[]; next_cursor: string | null };
}

const replayAddress = (choice: Choice): string => addressWith('/console/replay', { ...choice });

export function parkedListPage({ choice, groups, page }: ParkedList): string {
  return consolePage({
    title: 'Parked events',
    place: 'parked',
    body: html`<h1>Parked events</h1>
      <p class="soft">What the subscription service could not apply, kept until somebody replays it.</p>
      ${groups.length === 0 ? nothingParked : reasons(groups)} ${groups.length > 0 && events(choice, page)}`,
  });
}

const nothingParked = html`<section class="card">
  <p>Nothing is parked. Events that cannot be applied after five tries appear here, with the reason.</p>
</section>`;

function reasons(groups: readonly ParkedGroup[]): Html {
  return html`<section class="card" aria-labelledby="reasons">
    <div class="split">
      <h2 id="reasons">By reason</h2>
      <a class="button quiet" href="${replayAddress({})}">Replay all …</a>
    </div>
    <ul class="rows">
      ${groups.map(reasonRow)}
    </ul>
  </section>`;
}

/** Events without a reason cannot be chosen by it: a filter without one would mean all. */
function reasonRow({ reason, count, oldest }: ParkedGroup): Html {
  const found = html`<span class="soft small">${count}, the oldest of ${moment(oldest)}</span>`;
  if (reason === null) return html`<li><span class="what">no reason</span>${found}</li>`;
  return html`<li>
    <a class="what" href="${addressWith('/console/parked', { reason })}">${reason}</a>
    ${found}
    <a href="${replayAddress({ reason })}">Replay these …</a>
  </li>`;
}

function events(choice: Choice, { data, next_cursor }: ParkedList['page']): Html {
  const { reason, type } = choice;
  const older = addressWith('/console/parked', { reason, type, cursor: next_cursor ?? undefined });
  return html`<section class="card" aria-labelledby="events">
    <h2 id="events">Events, newest first</h2>
    <form method="get" action="/console/parked" role="search" aria-label="Parked events">
      <div class="fields">
        <div class="field"><label for="reason">Reason</label><input id="reason" name="reason" value="${reason}" /></div>
        <div class="field"><label for="type">Type</label><input id="type" name="type" value="${type}" /></div>
      </div>
      <div class="actions">
        <button class="button quiet" type="submit">Filter</button>
        <a class="button quiet" href="${replayAddress({ reason, type })}">Replay what is filtered …</a>
      </div>
    </form>
    ${data.length === 0 && html`<p class="soft">No parked event fits. Leave the reason or the type out.</p>`}
    <ol class="rows">
      ${data.map(
        (event) =>
          html`<li>
            <a class="what" href="${parkedAddress(event.id)}">${event.type}</a>
            <span>${event.reason ?? 'no reason'}</span>
            <span class="soft small"><span class="mono">${event.id}</span> · ${moment(event.recorded_at)}</span>
          </li>`,
      )}
    </ol>
    ${next_cursor !== null && html`<div class="actions"><a class="button quiet" href="${older}">Older</a></div>`}
  </section>`;
}

export function parkedPage(event: ParkedDetail): string {
  const { id, type, status, reason, attempts, attributes, body } = event;
  return consolePage({
    title: type,
    place: 'parked',
    body: html`<section class="card" aria-labelledby="event">
        <h1 id="event">${type}</h1>
        ${factList([
          ['Event', html`<a class="mono" href="${entryAddress(id)}">${id}</a>`],
          ['Status', status],
          ['Reason', reason ?? 'none'],
          ['Failed tries', String(attempts)],
          ['Came in', moment(event.recorded_at)],
        ])}
        ${
          status === 'parked' &&
          html`<div class="actions">
            <a class="button green" href="${replayAddress({ id })}">Replay this event …</a>
          </div>`
        }
      </section>
      <section class="card" aria-labelledby="body">
        <h2 id="body">Its body</h2>
        ${body === null ? html`<p>It was redacted, or is no longer kept.</p>` : bodyOf(body)}
        <h2>What came with it</h2>
        ${attributes === null ? html`<p>Nothing is kept.</p>` : jsonBlock(attributes)}
      </section>`,
  });
}

function bodyOf({ size, sha256, base64, json }: NonNullable<ParkedDetail['body']>): Html {
  return html`<p class="soft small">${size} bytes, SHA-256 <span class="mono">${sha256}</span></p>
    ${json === undefined ? html`<pre class="whole"><code>${base64}</code></pre>` : jsonBlock(json)}`;
}

/** The subscription service did not do what it was asked for. */
export function tellPage(told: Exclude<Told<unknown>, { kind: 'told' }>): string {
  const text =
    told.kind === 'refused'
      ? told.text
      : 'The subscription service did not answer. Look at its /health/ready and at SUBSCRIPTION_URL, then load this page again.';
  return consolePage({
    title: 'Parked events',
    place: 'parked',
    body: html`<h1>Parked events</h1>
      ${notice('bad', text)}
      <div class="actions"><a class="button quiet" href="/console/parked">Back to the parked events</a></div>`,
  });
}
