import type { OutgoingEvent } from '@billhook/messaging';
import { aCustomer, anInvoice } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aDomainEvent, anInvoicePayment, aStripeDelivery, opened, openTrail } from '../trail.spec-support.js';
import type { Trail } from '../trail.spec-support.js';
import { entriesQuery } from './entries-query.js';
import { EntriesStore } from './entries.store.js';

let trail: Trail;
let entries: EntriesStore;

beforeAll(async () => {
  trail = await openTrail();
  entries = new EntriesStore(trail.dataSource, trail.sealer);
});
afterAll(async () => {
  await trail?.close();
});

const linked = (userId: string, customerId: string): OutgoingEvent =>
  aDomainEvent({ type: 'billing.customer.linked', data: { user_id: userId, customer_id: customerId } });
const invoice = (type: string, id: string, customer: string | null): OutgoingEvent =>
  aStripeDelivery(type, { ...anInvoice({ id, parent: null, metadata: {} }), customer });
const payment = (invoiceId: string): OutgoingEvent =>
  aStripeDelivery('invoice_payment.paid', anInvoicePayment(invoiceId));

/** Newest first. */
async function idsOf(userId: string, limit = 200): Promise<string[]> {
  const { data } = await entries.page({ userId }, limit);
  expect(new Set(data.map((entry) => entry.user_id)).size).toBeLessThan(2);
  return data.map((entry) => entry.id);
}

const ids = (events: OutgoingEvent[]): string[] => events.map((event) => event.attributes.id);
const userOf = async (event: OutgoingEvent): Promise<string | null | undefined> =>
  (await entries.find(event.attributes.id))?.user_id;

describe('the payment of an invoice, which names no customer', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];

  /** The customer's link, its invoice and the payment of it, in this order. */
  function storyOf(name: string, order: number[]): OutgoingEvent[] {
    const all = [
      linked(name, `cus_${name}`),
      invoice('invoice.paid', `in_${name}`, `cus_${name}`),
      payment(`in_${name}`),
    ];
    return order.flatMap((place) => all[place] ?? []);
  }

  it.each(orders)('is listed with its user when they come as %i, %i, %i', async (...order) => {
    const oneByOne = storyOf(`one${order.join('')}`, order);
    for (const event of oneByOne) await trail.append([event]);
    expect(await idsOf(`one${order.join('')}`)).toEqual(ids(oneByOne).toReversed());
    const atOnce = storyOf(`all${order.join('')}`, order);
    await trail.append(atOnce);
    expect(await idsOf(`all${order.join('')}`)).toEqual(ids(atOnce).toReversed());
  });

  it('is listed once, however many events told of the invoice and however often', async () => {
    const types = ['invoice.created', 'invoice.finalized', 'invoice.paid', 'invoice.payment_succeeded'];
    const events = [linked('many', 'cus_many'), ...types.map((type) => invoice(type, 'in_many', 'cus_many'))];
    events.push(payment('in_many'));
    await trail.append([...events, ...events]);
    await trail.append(events);
    expect(await idsOf('many')).toEqual(ids(events).toReversed());
  });

  it('goes with its customer to the user it was linked to last', async () => {
    const paid = payment('in_moved');
    await trail.append([linked('before', 'cus_moved'), invoice('invoice.paid', 'in_moved', 'cus_moved'), paid]);
    expect(await userOf(paid)).toBe('before');
    await trail.append([linked('after', 'cus_moved')]);
    expect(await userOf(paid)).toBe('after');
    expect(await idsOf('before')).toHaveLength(1);
    expect(await idsOf('after')).toContain(paid.attributes.id);
  });

  it('is shown without a user while its invoice or its customer is not known', async () => {
    const [unknownInvoice, unknownCustomer] = [payment('in_unheard'), payment('in_stranger')];
    await trail.append([unknownInvoice, unknownCustomer, invoice('invoice.paid', 'in_stranger', 'cus_stranger')]);
    expect([await userOf(unknownInvoice), await userOf(unknownCustomer)]).toEqual([null, null]);
  });

  it.each<[string, string | null, OutgoingEvent[]]>([
    ['an event of another thing', null, [aStripeDelivery('credit_note.created', theInvoice('credit_note'))]],
    ['an invoice inside an event of another type', null, [aStripeDelivery('customer.updated', theInvoice('invoice'))]],
    ['something else inside an invoice event', null, [aStripeDelivery('invoice.paid', theInvoice('customer'))]],
    ['a preview of an invoice', null, [invoice('invoice.upcoming', 'upcoming_in_taught', 'cus_taught')]],
    ['an invoice without a customer', null, [invoice('invoice.paid', 'in_taught', null)]],
    ['a payment', null, [aStripeDelivery('invoice_payment.paid', theInvoice('invoice_payment'))]],
    [
      'another customer after the first',
      'cus_first',
      [invoice('invoice.paid', 'in_taught', 'cus_first'), invoicePaid()],
    ],
  ])('is not given to a user by %s', async (_, customer, events) => {
    const paid = payment('in_taught');
    await trail.asSuperuser('TRUNCATE audit.object_link');
    await trail.append([linked('taught', 'cus_taught'), ...events, paid]);
    expect(await trail.asSuperuser('SELECT * FROM audit.object_link')).toEqual(
      customer === null ? [] : [{ object_id: 'in_taught', customer_id: customer }],
    );
    expect(await userOf(paid)).toBeNull();
    expect(await idsOf('taught')).not.toContain(paid.attributes.id);
    await trail.asSuperuser('TRUNCATE audit.object_link');
    await trail.append([invoicePaid()]);
    expect(await userOf(paid)).toBe('taught');
  });

  function theInvoice(object: string): object {
    return { id: 'in_taught', object, customer: 'cus_taught', invoice: 'in_taught' };
  }
  function invoicePaid(): OutgoingEvent {
    return invoice('invoice.paid', 'in_taught', 'cus_taught');
  }
});

describe('a user found in three ways', () => {
  const users = 100;
  const months = 10;

  /** Of each user by turns: named, by customer, by invoice; the invoices of every other month are told of afterwards. */
  beforeAll(async () => {
    for (let month = 0; month < months; month += 1) {
      const each = Array.from({ length: users }, (_, user) => {
        const told = invoice('invoice.paid', `in_${month}_${user}`, `cus_${user}`);
        const paid = payment(`in_${month}_${user}`);
        return [opened(`user-${user}`), ...(month % 2 === 0 ? [told, paid] : [paid, told])];
      });
      await trail.append(each.flat());
    }
    await trail.append(Array.from({ length: users }, (_, user) => linked(`user-${user}`, `cus_${user}`)));
    await trail.asSuperuser('ANALYZE audit.entry, audit.customer_link, audit.object_link');
  });

  /** Pages to the end; what `between` appends comes after the first page. */
  async function pagesOf(userId: string, limit: number, between: () => Promise<unknown>): Promise<number[]> {
    const seen: number[] = [];
    let before: string | undefined;
    do {
      const { data, next_cursor } = await entries.page({ userId, before }, limit);
      seen.push(...data.map((entry) => entry.seq));
      before = next_cursor ?? undefined;
      await between();
    } while (before !== undefined);
    return seen;
  }

  it.each([
    ['user-1', 1],
    ['user-2', 2],
    ['user-3', 7],
    ['user-4', 30],
    ['user-5', 31],
    ['user-6', 200],
  ])('is paged without a gap or a repetition while more is appended: %s by %i', async (user, limit) => {
    const whole = (await entries.page({ userId: user }, 200)).data.map((entry) => entry.seq);
    expect(whole).toEqual([...new Set(whole)].toSorted((a, b) => b - a));
    expect(whole).toHaveLength(3 * months + 1);
    const customer = user.replace('user-', 'cus_');
    const paged = await pagesOf(user, limit, () =>
      trail.append([opened(user), payment(`in_3_${user.slice(5)}`), invoice('invoice.voided', 'in_x', customer)]),
    );
    expect(paged).toEqual(whole);
  });

  it('is narrowed by type and time like any other', async () => {
    const type = { kind: 'exact', type: 'stripe.invoice_payment.paid' } as const;
    expect((await entries.page({ userId: 'user-8', type }, 200)).data).toHaveLength(months);
    const prefix = { kind: 'prefix', prefix: 'stripe.' } as const;
    expect((await entries.page({ userId: 'user-8', type: prefix }, 200)).data).toHaveLength(2 * months);
    expect((await entries.page({ userId: 'user-8', type, to: new Date('2020-01-01') }, 200)).data).toEqual([]);
    expect((await entries.page({ userId: 'user-8', stripeId: 'in_3_8' }, 200)).data).toHaveLength(2);
  });

  it('is read by indexes of the trail and of the links, on the first page and deep down', async () => {
    for (const before of [undefined, '1500']) {
      const { text, parameters } = entriesQuery({ userId: 'user-8', before }, { limit: 51, order: 'newest' });
      const plan: Record<string, string>[] = await trail.dataSource.query(`EXPLAIN ${text}`, parameters);
      const lines = plan.map((line) => line['QUERY PLAN'] ?? '').join('\n');
      // The months to come are empty: how they are read is all the same.
      const month = new Date().toISOString().slice(0, 7).replace('-', '_');
      expect(lines).not.toMatch(new RegExp(`Seq Scan on (entry_${month}|object_link)`));
      expect(lines).toContain(`entry_${month}_customer_via_seq_idx`);
    }
  });

  it('keeps one customer from another', async () => {
    const theirs = new Set((await entries.page({ userId: 'user-9' }, 200)).data.map((entry) => entry.id));
    expect((await idsOf('user-10')).filter((id) => theirs.has(id))).toEqual([]);
    await trail.append([aStripeDelivery('customer.updated', aCustomer({ id: 'cus_9', metadata: {} }))]);
    expect(await idsOf('user-10')).toHaveLength(3 * months + 1);
  });
});
