export type QueueName = 'subscription.events' | 'audit.events' | 'gateway.accounts';

export interface QueueDefinition {
  bindings: readonly string[];
  arguments: Readonly<Record<string, string | number>>;
  deadLetterQueue: string;
}

/** A backstop for messages that kill their consumer; events that merely fail are counted and parked in PostgreSQL. */
const deliveryLimit = 50;
/** Dead letters may hold personal data, and of what is no event nobody can tell whose: so they do not stay for ever. */
export const deadLettersExpireAfterDays = 30;
const deadLettersExpireAfterMs = deadLettersExpireAfterDays * 24 * 60 * 60 * 1000;
/** RabbitMQ 4 would otherwise drop a dead letter that was looked at and returned 20 times. */
const deadLetterDeliveryLimit = 10_000;

const bindings: Record<QueueName, readonly string[]> = {
  'subscription.events': [
    'stripe.#',
    'billing.account.opened',
    'billing.customer.*',
    'billing.reconcile.requested',
    'billing.account.erasure_requested',
  ],
  'audit.events': ['#'],
  'gateway.accounts': ['billing.account.*'],
};

/**
 * Dead-lettering is at most once unless the strategy says otherwise, and RabbitMQ honours at-least-once only together with
 * reject-publish (RabbitMQ documentation, "Quorum Queues", dead lettering). The default exchange cannot lose its binding.
 */
function defineQueue(name: QueueName): QueueDefinition {
  const deadLetterQueue = `${name}.dead`;
  return {
    bindings: bindings[name],
    deadLetterQueue,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': deliveryLimit,
      'x-overflow': 'reject-publish',
      'x-dead-letter-strategy': 'at-least-once',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': deadLetterQueue,
    },
  };
}

/** What the broker holds: one table, read by the step that declares it and by whoever publishes or consumes. */
export const topology = {
  exchange: 'billhook.events',
  queues: {
    'subscription.events': defineQueue('subscription.events'),
    'audit.events': defineQueue('audit.events'),
    'gateway.accounts': defineQueue('gateway.accounts'),
  } satisfies Record<QueueName, QueueDefinition>,
} as const;

export const queueNames: readonly QueueName[] = ['subscription.events', 'audit.events', 'gateway.accounts'];

/** Of a queue by its name, as a handler gives it; undefined for one that is none of ours. */
export function deadLetterQueueOf(queue: string): string | undefined {
  const name = queueNames.find((each) => each === queue);
  return name === undefined ? undefined : topology.queues[name].deadLetterQueue;
}

export const deadLetterArguments: Readonly<Record<string, string | number>> = {
  'x-queue-type': 'quorum',
  'x-message-ttl': deadLettersExpireAfterMs,
  'x-delivery-limit': deadLetterDeliveryLimit,
};
