import { Counter, Gauge } from 'prom-client';

/** Every replica looks at the same queues: `max` over them, not `sum`. Absent while the broker cannot be asked: unknown is not none. */
export const deadLettersWaiting = new Gauge({
  name: 'billhook_dead_letters',
  help: 'Messages in a dead-letter queue that are not parked yet.',
  labelNames: ['queue'],
});

export const deadLettersMoved = new Counter({
  name: 'billhook_dead_letters_moved_total',
  help: 'Messages taken from a dead-letter queue, by what became of them: parked, undecodable (parked too), known.',
  labelNames: ['queue', 'outcome'],
});
