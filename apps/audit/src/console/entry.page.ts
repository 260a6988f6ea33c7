import { factList, html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { z } from 'zod';
import type { EntryDetail } from '../query/entries.store.js';
import type { EntryProof } from '../verify/verify.store.js';
import { faultText } from '../verify/judgement.js';
import { addressWith, consolePage, entryAddress, jsonBlock, moment, notice, userAddress } from './console.page.js';

/** `proof` once it was asked for. */
export function entryPage(entry: EntryDetail, proof: EntryProof | undefined): string {
  return consolePage({
    title: `Entry ${entry.seq}`,
    place: 'search',
    body: html`<section class="card" aria-labelledby="entry">
        <h1 id="entry">${entry.type}</h1>
        ${proof !== undefined && verdictOf(entry.seq, proof)} ${facts(entry)}
        <div class="actions">
          <a class="button green" href="${addressWith(entryAddress(entry.id), { verify: 'on' })}">Verify this entry</a>
        </div>
      </section>
      <section class="card" aria-labelledby="data">
        <h2 id="data">What happened</h2>
        ${entry.erased && notice('info', 'What was personal in it has been erased.')} ${jsonBlock(entry.data)}
      </section>
      <section class="card" aria-labelledby="proof">
        <h2 id="proof">Its hashes</h2>
        ${factList([
          ['Hash', mono(entry.hash)],
          ['Hash of the entry before', mono(entry.previous_hash)],
          ['Hash of the content', mono(entry.content_hash)],
        ])}
        <details>
          <summary>The content, as it was hashed</summary>
          <pre class="whole"><code>${entry.content}</code></pre>
        </details>
      </section>`,
  });
}

function facts({ seq, id, user_id, ip, user_agent, occurred_at, recorded_at, content }: EntryDetail): Html {
  const { actor, request_id, cause_id } = tiesIn(content);
  return factList([
    ['Number', String(seq)],
    ['Event', mono(id)],
    ['Done by', actor ?? 'not said'],
    ['In request', request_id === null ? 'none' : link({ request_id }, request_id)],
    [
      'Because of',
      cause_id === null ? 'nothing before' : html`<a class="mono" href="${entryAddress(cause_id)}">${cause_id}</a>`,
    ],
    ['User', user_id === null ? 'nobody' : html`<a href="${userAddress(user_id)}">${user_id}</a>`],
    ['Happened', occurred_at === null ? 'not said' : moment(occurred_at)],
    ['Recorded', moment(recorded_at)],
    ['IP address', ip ?? 'not known'],
    ['Browser or program', user_agent ?? 'not known'],
  ]);
}

const tiesSchema = z.object({
  actor: z.string().nullable(),
  request_id: z.string().nullable(),
  cause_id: z.string().nullable(),
});

/** Of a content that no version of the service wrote nothing can be said here; verifying it says why. */
function tiesIn(content: string): z.infer<typeof tiesSchema> {
  const none = { actor: null, request_id: null, cause_id: null };
  try {
    return tiesSchema.catch(none).parse(JSON.parse(content));
  } catch {
    return none;
  }
}

const link = (filter: Record<string, string>, text: string): Html =>
  html`<a class="mono" href="${addressWith('/console', filter)}">${text}</a>`;

const mono = (text: string): Html => html`<span class="mono">${text}</span>`;

function verdictOf(seq: number, { verdict, provedBy }: EntryProof): Html {
  if (!verdict.ok) {
    const { seq: bad, fault } = verdict.first_bad;
    return notice(
      'bad',
      `The chain does not hold: entry ${bad} ${faultText(fault)}. Keep the database as it is, and compare it with the checkpoints that were noted elsewhere.`,
    );
  }
  if (provedBy === null) {
    return notice(
      'info',
      `Entry ${seq} fits the chain. It waits for its checkpoint, which takes a minute at most; until then nothing is signed.`,
    );
  }
  return notice('good', `Entry ${seq} holds: the chain up to the checkpoint signed at entry ${provedBy} is whole.`);
}
