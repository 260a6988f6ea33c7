import { waitFor } from '@billhook/testing';
import type Stripe from 'stripe';
import { formActionOf, locationOf } from './browser.client.js';
import type { Page } from './browser.client.js';
import { expectStatus, expectThat } from './story-world.client.js';
import type { StoryWorld } from './story-world.client.js';

export async function goToCheckout(world: StoryWorld): Promise<{ id: string; url: string }> {
  const answer = await world.browser.get(`${world.system.gatewayUrl}/create-checkout?tier=1&billing_cycle=monthly`);
  expectStatus(answer, 303);
  const url = locationOf(answer);
  expectThat(url.startsWith(world.system.simulatorUrl), `Checkout to be on Stripe’s side, not ${url}`);
  const id = /cs_test_[A-Za-z0-9_]+/.exec(url)?.[0];
  expectThat(id !== undefined, `a session id in ${url}`);
  return { id, url };
}

export async function submitCard(world: StoryWorld, url: string, card: string): Promise<Page> {
  const page = await world.browser.get(url);
  expectStatus(page, 200);
  return world.browser.submit(formActionOf(page), { card_number: card, exp: '12 / 34', cvc: '123' });
}

/** The page answers once the account has caught up; a browser loads it again when it says that it is still waiting. */
export async function waitOnSuccessPage(world: StoryWorld): Promise<Page> {
  const { successUrl } = world;
  expectThat(successUrl !== undefined, 'to have paid');
  return waitFor(
    'the success page to confirm',
    async () => {
      const page = await world.browser.get(successUrl);
      expectStatus(page, 200);
      return (await world.account()).tier === 1 && page;
    },
    20_000,
  );
}

/** Types of this customer's events that Stripe has delivered, once all the wanted ones are among them. */
export async function deliveredTypes(world: StoryWorld, wanted: string[]): Promise<string[] | false> {
  const events = await customerEvents(world);
  const delivered = events.filter((event) => event.pending_webhooks === 0).map((event) => event.type);
  return (
    wanted.every((type) => delivered.some((each) => each === type)) && [...new Set<string>(delivered)].toReversed()
  );
}

export async function stripeEventIds(world: StoryWorld): Promise<string[]> {
  return (await customerEvents(world)).map((event) => event.id);
}

/** Everything Stripe has to say of this customer: what names it, or one of its invoices, as an invoice payment does. */
export async function customerEvents(world: StoryWorld): Promise<Stripe.Event[]> {
  const customer = await world.customerIdAtStripe();
  const invoices = await world.stripe.invoices.list({ customer });
  const names = [customer, ...invoices.data.map(({ id }) => id)];
  const events = await world.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  return events.filter(({ data }) => names.some((name) => JSON.stringify(data.object).includes(name)));
}
