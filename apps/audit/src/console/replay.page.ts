import { factList, html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { addressWith, consolePage, notice } from './console.page.js';
import type { Choice, DryRun, Replayed } from './parked-events.client.js';
import { choiceText } from './fields.js';

/** What would be replayed, and the form that does it. */
export function replayPage(page: { choice: Choice; dryRun: DryRun; problem: string | undefined }): string {
  const { choice, dryRun, problem } = page;
  return consolePage({
    title: 'Replay',
    place: 'parked',
    body: html`<section class="card" aria-labelledby="replay">
      <h1 id="replay">Replay ${choiceText(choice)}?</h1>
      ${problem !== undefined && notice('bad', problem)}
      <p class="lead">${counts(dryRun)}</p>
      ${
        dryRun.groups.length > 0 &&
        factList(dryRun.groups.map(({ reason, count }) => [reason ?? 'no reason', String(count)]))
      }
      ${dryRun.would_replay === 0 ? back : replayForm({ choice, note: '', cursor: undefined, label: 'Replay' })}
    </section>`,
  });
}

function counts({ matched, would_replay }: DryRun): string {
  if (matched === 0) return 'Nothing fits: it has been applied by now, or it was never parked.';
  if (matched === would_replay)
    return `${matched} ${matched === 1 ? 'event' : 'events'} would be replayed, oldest first.`;
  return `${matched} events fit; the oldest ${would_replay} of them would be replayed.`;
}

const back = html`<div class="actions">
  <a class="button quiet" href="/console/parked">Back to the parked events</a>
</div>`;

interface FormParts {
  choice: Choice;
  note: string;
  cursor: string | undefined;
  label: string;
}

function replayForm({ choice, note, cursor, label }: FormParts): Html {
  const hidden = Object.entries({ ...choice, cursor }).filter(([, value]) => value !== undefined);
  return html`<form class="settings" method="post" action="/console/replay">
    ${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <div class="field">
      <label for="note">Why</label>
      <input id="note" name="note" value="${note}" required maxlength="500" aria-describedby="note-hint" />
      <p class="hint" id="note-hint">It goes into the audit trail, with your name.</p>
    </div>
    <div class="actions">
      <button class="button green" type="submit">${label}</button>
      <a class="button quiet" href="/console/parked">Cancel</a>
    </div>
  </form>`;
}

export function replayedPage(page: { choice: Choice; note: string; replayed: Replayed }): string {
  const { choice, note, replayed } = page;
  const { outcomes, remaining, next_cursor } = replayed;
  return consolePage({
    title: 'Replayed',
    place: 'parked',
    body: html`<section class="card" aria-labelledby="replayed">
      <h1 id="replayed">Replayed ${choiceText(choice)}</h1>
      ${summary(replayed)}
      ${factList([...Object.entries(outcomes).map(([outcome, count]) => [outcome, String(count)] as const), ['Why', note]])}
      ${
        remaining > 0 &&
        next_cursor !== null &&
        replayForm({ choice, note, cursor: next_cursor, label: `Go on with ${remaining} more` })
      }
      <div class="actions">
        <a class="button quiet" href="/console/parked">Back to the parked events</a>
        <a class="button quiet" href="${addressWith('/console', { type: 'billing.event.replayed' })}"
          >Replays in the trail</a
        >
      </div>
    </section>`,
  });
}

/** Run is not applied: an event may have been parked again. */
function summary({ replayed, outcomes }: Replayed): Html {
  const applied = (outcomes['applied'] ?? 0) + (outcomes['ignored'] ?? 0);
  const text = `${replayed} replayed, ${applied} of them done with.`;
  return notice(applied === replayed ? 'good' : 'warn', text);
}
