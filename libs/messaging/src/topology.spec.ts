import { describe, expect, it } from '@jest/globals';
import { deadLetterArguments, queueNames, topology } from './topology.js';

/** A topic exchange's rule: `*` is one word, `#` any number of them. */
function matches(binding: string, routingKey: string): boolean {
  const pattern = binding
    .replaceAll('.', '\\.')
    .replaceAll('*', '[^.]+')
    .replaceAll('\\.#', '(\\..+)?')
    .replaceAll('#', '.*');
  return new RegExp(`^${pattern}$`).test(routingKey);
}
function queuesFor(routingKey: string): string[] {
  return queueNames.filter((name) => topology.queues[name].bindings.some((binding) => matches(binding, routingKey)));
}

describe('topology', () => {
  it.each([
    ['stripe.customer.subscription.created', ['subscription.events', 'audit.events']],
    ['stripe.v2.core.event_destination.ping', ['subscription.events', 'audit.events']],
    ['ingress.delivery.rejected', ['audit.events']],
    ['billing.account.opened', ['subscription.events', 'audit.events', 'gateway.accounts']],
    ['billing.account.changed', ['audit.events', 'gateway.accounts']],
    ['billing.account.erasure_requested', ['subscription.events', 'audit.events', 'gateway.accounts']],
    ['billing.customer.linked', ['subscription.events', 'audit.events']],
    ['billing.customer.relinked', ['subscription.events', 'audit.events']],
    ['billing.reconcile.requested', ['subscription.events', 'audit.events']],
    ['billing.checkout.started', ['audit.events']],
    ['billing.tier.changed', ['audit.events']],
  ])('%s goes to %j', (routingKey, expected) => {
    expect(queuesFor(routingKey)).toEqual(expected);
  });

  it.each(queueNames)('%s keeps what it cannot deliver', (name) => {
    const queue = topology.queues[name];
    expect(queue.deadLetterQueue).toBe(`${name}.dead`);
    expect(queue.arguments).toEqual({
      'x-queue-type': 'quorum',
      'x-delivery-limit': 50,
      'x-overflow': 'reject-publish',
      'x-dead-letter-strategy': 'at-least-once',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': `${name}.dead`,
    });
  });

  it('lets dead letters expire after 30 days', () => {
    expect(deadLetterArguments['x-message-ttl']).toBe(2_592_000_000);
  });
});
