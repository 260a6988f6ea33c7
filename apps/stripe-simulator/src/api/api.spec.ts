import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCheckout, secretKey, startSimulator, subscribe } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('the API', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const call = async (path: string, init: RequestInit & { key?: string | null; idempotency?: string } = {}) => {
    const headers = new Headers();
    if (init.key !== null) headers.set('authorization', `Bearer ${init.key ?? secretKey}`);
    if (init.idempotency) headers.set('idempotency-key', init.idempotency);
    const response = await fetch(simulator.url + path, { ...init, headers });
    const body: unknown = await response.json();
    return { status: response.status, headers: response.headers, body };
  };
  const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });

  it.each([
    ['a live key', 'sk_live_made_up'],
    ['a restricted key', 'rk_test_made_up'],
    ['another test key', 'sk_test_somebody_else'],
    ['no key', null],
  ])('refuses %s with 401', async (_name, key) => {
    const { status, body } = await call('/v1/customers', { key });
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  it('takes the key as a Basic user name too', async () => {
    const basic = Buffer.from(`${secretKey}:`).toString('base64');
    const response = await fetch(`${simulator.url}/v1/prices`, { headers: { authorization: `Basic ${basic}` } });
    expect(response.status).toBe(200);
  });

  it.each(['/v1/nothing', '/v2/core/events', '/favicon.ico'])(
    'answers 404 in Stripe’s error shape for %s',
    async (path) => {
      const { status, body } = await call(path);
      expect(status).toBe(404);
      expect(body).toMatchObject({ error: { type: 'invalid_request_error', message: expect.stringContaining(path) } });
    },
  );

  it('answers 404 for a method the path does not have', async () => {
    expect((await call('/v1/events', form({}))).status).toBe(404);
  });

  it.each([
    ['an unknown parameter', { colour: 'red' }, 'parameter_unknown', 'colour'],
    ['an unknown nested parameter', { 'line_items[0][tint]': 'red' }, 'parameter_unknown', 'line_items[0][tint]'],
    ['a missing parameter', { mode: 'subscription', 'line_items[0][price]': 'x' }, 'parameter_missing', 'success_url'],
    ['an empty parameter', { ...valid(), client_reference_id: '' }, 'parameter_invalid_empty', 'client_reference_id'],
    ['text for a number', { ...valid(), expires_at: 'soon' }, 'parameter_invalid_integer', 'expires_at'],
    [
      'a price that does not exist',
      { ...valid(), 'line_items[0][price]': 'x' },
      'resource_missing',
      'line_items[0][price]',
    ],
    ['a customer that does not exist', { ...valid(), customer: 'cus_x' }, 'resource_missing', 'customer'],
    [
      'payment_method_types',
      { ...valid(), 'payment_method_types[0]': 'card' },
      'payment_method_types_no_longer_supported',
      'payment_method_types',
    ],
  ])('refuses %s with 400', async (_name, fields, code, param) => {
    const { status, body } = await call('/v1/checkout/sessions', form(fields));
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { type: 'invalid_request_error', code, param } });
  });

  it('refuses two parameters that exclude each other', async () => {
    const { body } = await call(
      '/v1/checkout/sessions',
      form({ ...valid(), customer: 'cus_x', customer_email: 'a@example.com' }),
    );
    expect(body).toMatchObject({ error: { param: 'customer', message: expect.stringContaining('only specify one') } });
  });

  it('makes the SDK throw for an object that does not exist', async () => {
    await expect(simulator.stripe.subscriptions.retrieve('sub_x')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      type: 'StripeInvalidRequestError',
    });
  });

  it('names every response with a request id', async () => {
    const [one, two] = [await call('/v1/prices'), await call('/v1/nothing')];
    expect(one.headers.get('request-id')).toMatch(/^req_/);
    expect(two.headers.get('request-id')).toMatch(/^req_/);
    expect(one.headers.get('request-id')).not.toBe(two.headers.get('request-id'));
  });

  it('refuses a body over 1 MiB with 413 in Stripe’s error shape', async () => {
    const { status, body } = await call('/v1/customers', form({ description: 'x'.repeat(1024 * 1024) }));
    expect(status).toBe(413);
    expect(body).toHaveProperty('error.message');
  });

  describe('with an idempotency key', () => {
    it('answers the same again, and says that it does', async () => {
      const first = await call('/v1/customers', { ...form({ email: 'i@example.com' }), idempotency: 'key-1' });
      const again = await call('/v1/customers', { ...form({ email: 'i@example.com' }), idempotency: 'key-1' });
      expect(again.body).toEqual(first.body);
      expect(first.headers.get('idempotent-replayed')).toBeNull();
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'));
      expect((await simulator.stripe.customers.list({ email: 'i@example.com' })).data).toHaveLength(1);
    });

    it('refuses other parameters under the same key', async () => {
      const options = { idempotencyKey: 'key-2' };
      await simulator.stripe.customers.create({ email: 'one@example.com' }, options);
      await expect(simulator.stripe.customers.create({ email: 'two@example.com' }, options)).rejects.toMatchObject({
        type: 'StripeIdempotencyError',
        statusCode: 400,
      });
    });

    it('refuses another endpoint under the same key', async () => {
      await call('/v1/customers', { ...form({}), idempotency: 'key-3' });
      const { status, body } = await call('/v1/billing_portal/sessions', { ...form({}), idempotency: 'key-3' });
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: { type: 'idempotency_error' } });
    });

    it('replays an error of the operation, but keeps nothing when the parameters were refused', async () => {
      const missing = { ...form({ customer: 'cus_x' }), idempotency: 'key-4' };
      await call('/v1/billing_portal/sessions', missing);
      expect((await call('/v1/billing_portal/sessions', missing)).headers.get('idempotent-replayed')).toBe('true');
      await call('/v1/customers', { ...form({ colour: 'red' }), idempotency: 'key-5' });
      expect((await call('/v1/customers', { ...form({}), idempotency: 'key-5' })).status).toBe(200);
    });
  });

  describe('lists', () => {
    it('pages newest first, both ways, and says whether there is more', async () => {
      const { stripe } = simulator;
      const email = 'pages@example.com';
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.unshift((await stripe.customers.create({ email })).id);
      const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);

      const first = await stripe.customers.list({ email, limit: 2 });
      expect([idsOf(first), first.has_more]).toEqual([ids.slice(0, 2), true]);
      const next = await stripe.customers.list({ email, limit: 3, starting_after: ids[1] ?? '' });
      expect([idsOf(next), next.has_more]).toEqual([ids.slice(2), false]);
      const before = await stripe.customers.list({ email, limit: 2, ending_before: ids[3] ?? '' });
      expect([idsOf(before), before.has_more]).toEqual([ids.slice(1, 3), true]);
      const all: string[] = [];
      for await (const customer of stripe.customers.list({ email, limit: 2 })) all.push(customer.id);
      expect(all).toEqual(ids);
    });

    it.each([
      [{ limit: 0 }, 'limit'],
      [{ limit: 101 }, 'limit'],
      [{ starting_after: 'cus_x' }, 'starting_after'],
    ])('refuses %p', async (page, param) => {
      await expect(simulator.stripe.customers.list(page)).rejects.toMatchObject({ statusCode: 400, param });
    });

    it('finds the four plans by lookup key', async () => {
      const { data } = await simulator.stripe.prices.list({ lookup_keys: ['pro_monthly', 'elite_yearly'] });
      expect(data.map(({ id, unit_amount }) => [id, unit_amount])).toEqual([
        ['price_elite_yearly', 29900],
        ['price_pro_monthly', 999],
      ]);
    });
  });

  describe('expand', () => {
    it('puts the objects where the ids were', async () => {
      const { subscription } = await subscribe(simulator);
      const expanded = await simulator.stripe.subscriptions.retrieve(subscription.id, {
        expand: ['customer', 'latest_invoice.payments', 'items.data.price.product', 'default_payment_method'],
      });
      expect(expanded).toMatchObject({
        customer: { email: 'ada@example.com' },
        latest_invoice: { status: 'paid', payments: { data: [{ status: 'paid', amount_paid: 999 }] } },
        items: { data: [{ price: { product: { name: 'Pro' } } }] },
        default_payment_method: { card: { last4: '4242' } },
      });
    });

    it('works in lists, and sends line items only when asked', async () => {
      const { customer, session } = await openCheckout(simulator);
      expect(session).not.toHaveProperty('line_items');
      const { data } = await simulator.stripe.checkout.sessions.list({
        customer: customer.id,
        expand: ['data.line_items', 'data.customer'],
      });
      expect(data[0]).toMatchObject({ line_items: { data: [{ amount_total: 999 }] }, customer: { id: customer.id } });
    });

    it('refuses what cannot be expanded', async () => {
      await expect(
        simulator.stripe.prices.retrieve('price_pro_monthly', { expand: ['currency'] }),
      ).rejects.toMatchObject({
        statusCode: 400,
        param: 'expand',
      });
    });
  });

  describe('customers', () => {
    it('merges metadata, removes empty keys and unsets empty fields', async () => {
      const { stripe } = simulator;
      const { id } = await stripe.customers.create({ name: 'Ada', metadata: { a: '1', b: '2' } });
      const changed = await stripe.customers.update(id, { name: '', metadata: { a: '', c: '3' } });
      expect([changed.name, changed.metadata]).toEqual([null, { b: '2', c: '3' }]);
    });

    it('answers a deleted customer as deleted, and ends what they had', async () => {
      const { stripe } = simulator;
      const { customer, subscription } = await subscribe(simulator);
      expect(await stripe.customers.del(customer.id)).toMatchObject({ id: customer.id, deleted: true });
      expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
      expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
      await expect(stripe.customers.update(customer.id, { name: 'x' })).rejects.toMatchObject({ statusCode: 404 });
    });

    it('lists and retrieves the card they paid with', async () => {
      const { stripe } = simulator;
      const { customer } = await subscribe(simulator);
      const { data } = await stripe.customers.listPaymentMethods(customer.id);
      expect(data[0]).toMatchObject({ card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034 } });
      expect(await stripe.paymentMethods.retrieve(data[0]?.id ?? '')).toEqual(
        expect.objectContaining({ customer: customer.id }),
      );
    });
  });
});

function valid() {
  return { mode: 'subscription', success_url: 'http://shop.example', 'line_items[0][price]': 'price_pro_monthly' };
}
