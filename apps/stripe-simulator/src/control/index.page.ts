import type { Chaos } from '../chaos/chaos.js';
import type { SimulatorConfig } from '../config.js';
import type { Deliveries } from '../events/deliveries.client.js';
import { html, moment } from '../pages/html.js';
import type { Html } from '../pages/html.js';
import { page } from '../pages/layout.page.js';
import type { World } from '../world/world.js';
import { chaosCard } from './chaos-card.page.js';

interface IndexView {
  world: World;
  deliveries: Deliveries;
  chaos: ReturnType<Chaos['state']>;
  config: SimulatorConfig;
}

const day = 24 * 3600;

/** What this process is and what has happened in it. */
export const indexPage = ({ world, deliveries, chaos, config }: IndexView): string =>
  page({
    title: 'Stripe simulator',
    body: html`<h1>Stripe simulator</h1>
      <p>
        A pretend Stripe that keeps everything in memory. The official SDK talks to it with an
        <code>sk_test_</code> key; signed events go to
        ${config.webhookUrl ? html`<code>${config.webhookUrl}</code>` : 'no endpoint (they are only listed)'}.
      </p>
      ${chaosCard(chaos)} ${tryIt(config)} ${clock(world)} ${account(world)} ${eventTable(world, deliveries)}`,
  });

const tryIt = ({ gatewayUrl }: SimulatorConfig): Html =>
  html`<section class="card">
    <h2>Try it</h2>
    <p>
      <a href="${gatewayUrl}/pricing">The shop’s pricing page</a>,
      <a href="/sign-in">sign in as a demo user</a>
    </p>
    <p>
      Test cards: <code>4242 4242 4242 4242</code> pays, <code>4000 0000 0000 0002</code> is declined. Any future
      expiry, any CVC. Promotion code: <code>WELCOME20</code>
    </p>
  </section>`;

const clock = (world: World): Html =>
  html`<section class="card">
    <h2>Clock: ${moment(world.now())}</h2>
    <p class="dim">
      Moving it on carries out what falls due: renewals, scheduled cancellations, expired Checkout sessions.
    </p>
    ${[
      ['1 day', day],
      ['31 days', 31 * day],
      ['366 days', 366 * day],
    ].map(
      ([label, seconds]) =>
        html`<form class="inline" method="post" action="/_simulator/advance">
          <button name="seconds" value="${seconds}">+ ${label}</button>
        </form> `,
    )}
  </section>`;

const account = (world: World): Html =>
  html`<section class="card">
    <h2>Account</h2>
    <p>
      Customers: ${world.customers.size}, subscriptions: ${world.subscriptions.size}, invoices: ${world.invoices.size},
      Checkout sessions: ${world.checkoutSessions.size}, events: ${world.events.size} (<a href="/_simulator/state"
        >all as JSON</a
      >)
    </p>
  </section>`;

function eventTable(world: World, deliveries: Deliveries): Html {
  const latest = [...world.events.values()].slice(-25).reverse();
  return html`<section class="card">
    <h2>Latest events</h2>
    ${latest.length === 0 && html`<p class="dim">None yet.</p>`}
    <div class="scroll">
      <table>
        ${
          latest.length > 0 &&
          html`<tr>
            <th>Time</th>
            <th>Type</th>
            <th>Delivery</th>
            <th>Id</th>
          </tr>`
        }
        ${latest.map(
          (event) =>
            html`<tr>
              <td class="dim">${moment(event.created)}</td>
              <td>${event.type}</td>
              <td>${statusOf(deliveries, event.id)}</td>
              <td class="small dim">${event.id}</td>
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
}

function statusOf(deliveries: Deliveries, eventId: string): Html {
  const delivery = deliveries.get(eventId);
  if (delivery === undefined) return html`<span class="dim">not sent</span>`;
  const last = delivery.attempts.at(-1);
  const tries = delivery.attempts.length > 1 ? `, ${delivery.attempts.length} tries` : '';
  const tone = delivery.state === 'delivered' ? 'good' : last ? 'bad' : 'dim';
  return html`<span class="${tone}">${delivery.state} ${last && `(${last.status ?? last.error}${tries})`}</span>`;
}
