import type { Chaos } from '../chaos/chaos.js';
import { html } from '../pages/html.js';
import type { Html } from '../pages/html.js';

/** What is going wrong on purpose, and how often it has; nothing when all is calm. */
export function chaosCard({ config, seed, done }: ReturnType<Chaos['state']>): Html | null {
  if (config === null) return null;
  const { seed: _, deliveries = {}, api = [], ...others } = config;
  const knobs = Object.entries({ ...deliveries, ...others }).map(([name, knob]) => ({ name, knob }));
  const faults = api.map(({ fault, ...rest }) => ({ name: `API ${fault}`, knob: rest }));
  const deeds = Object.entries(done).filter(([, times]) => times > 0);
  return html`<section class="card" id="chaos">
    <div class="row">
      <h2 class="bad">Chaos is on</h2>
      <form method="post" action="/_simulator/chaos/end"><button class="danger">End chaos</button></form>
    </div>
    <p class="dim">Deliveries and answers go wrong on purpose, by seed <code>${seed}</code>.</p>
    <div class="scroll">
      <table class="wrap">
        ${[...knobs, ...faults].map(
          ({ name, knob }) =>
            html`<tr>
              <td>${name}</td>
              <td class="dim">${settingsOf(knob)}</td>
            </tr>`,
        )}
      </table>
    </div>
    <p>Done so far: ${deeds.length === 0 ? 'nothing' : deeds.map(([name, times]) => `${name} ${times}`).join(', ')}</p>
  </section>`;
}

const settingsOf = (knob: unknown) =>
  typeof knob === 'object' && knob !== null && !Array.isArray(knob)
    ? Object.entries(knob)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(', ')
    : String(knob);
