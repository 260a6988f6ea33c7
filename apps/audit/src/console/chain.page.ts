import { factList, html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import type { Verdict } from '../trail/chain-verifier.js';
import { faultText } from '../verify/judgement.js';
import { consolePage, moment, notice } from './console.page.js';

export interface ChainPage {
  head: string;
  newest: { seq: string; signedAt: string; keyId: string } | null;
  checkpoints: number;
  /** Once it was asked for. */
  verdict: Verdict | undefined;
}

export function chainPage({ head, newest, checkpoints, verdict }: ChainPage): string {
  return consolePage({
    title: 'Chain',
    place: 'chain',
    body: html`<section class="card" aria-labelledby="chain">
      <h1 id="chain">The chain</h1>
      ${verdict !== undefined && verdictNotice(verdict)}
      ${factList([
        ['Entries up to', head],
        ['Newest checkpoint', newest === null ? 'none yet' : `entry ${newest.seq}, signed ${moment(newest.signedAt)}`],
        ['Signed with key', newest === null ? 'none yet' : html`<span class="mono">${newest.keyId}</span>`],
        ['Checkpoints', String(checkpoints)],
      ])}
      <div class="actions">
        <a class="button green" href="/console/chain?verify=recent">Verify the newest 10,000</a>
        <a class="button quiet" href="/console/chain?verify=all">Verify all (reads every entry)</a>
      </div>
      <p class="soft small spaced">
        This service checks itself here, against checkpoints in its own database. To need neither, export the trail as
        evidence and run
        <code>make verify</code> with the checkpoints that were noted outside.
      </p>
    </section>`,
  });
}

function verdictNotice(verdict: Verdict): Html {
  if (!verdict.ok) {
    const { seq, fault } = verdict.first_bad;
    return notice(
      'bad',
      `Entry ${seq} ${faultText(fault)}; ${verdict.entries} before it hold. Keep the database as it is.`,
    );
  }
  const { entries, checkpoints } = verdict;
  if (entries === 0) return notice('info', 'There is nothing to verify yet.');
  const proved =
    checkpoints.last_seq === null ? 'none of them is signed yet' : `proved up to entry ${checkpoints.last_seq}`;
  return notice('good', `${entries} entries hold; ${proved}.`);
}
