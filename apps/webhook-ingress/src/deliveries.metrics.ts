import { EventPublisher } from '@billhook/messaging';
import { errorTable } from '@billhook/runtime';
import type { ErrorCode } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, register } from 'prom-client';
import { Rejections } from './rejections.relay.js';
import type { Mismatch, StripeEnvelope } from './stripe-envelope.js';

export interface Told {
  outcome: 'accepted' | Mismatch | ErrorCode;
  remoteAddress: string;
  requestId?: string;
  event?: StripeEnvelope;
  ms?: number;
}

const deliveries = new Counter({
  name: 'billhook_ingress_deliveries_total',
  help: 'Deliveries to POST /webhook/stripe, by outcome: accepted, ignored, or the code of the refusal.',
  labelNames: ['outcome'],
});
const seconds = new Histogram({
  name: 'billhook_ingress_delivery_seconds',
  help: 'From the arrival of the whole request to its answer.',
  buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2],
});
const dropped = new Counter({
  name: 'billhook_ingress_connections_dropped_total',
  help: 'Connections closed as they came because MAX_CONNECTIONS were open.',
});
const states = ['up', 'blocked', 'down'] as const;

/** What became of each delivery: one line, the figures, and, where it was turned away or ignored, a place in the trail. */
@Injectable()
export class Deliveries {
  private readonly log = new Logger('delivery');

  constructor(
    publisher: EventPublisher,
    private readonly rejections: Rejections,
  ) {
    showPublisher(publisher);
  }

  /** Never payloads, addresses of customers or secrets. A 5xx is ours and not the sender's: it is counted, not reported. */
  tell({ outcome, remoteAddress, requestId, event, ms }: Told): void {
    deliveries.inc({ outcome });
    if (ms !== undefined) seconds.observe(ms / 1000);
    this.log.log({ msg: 'delivery', outcome, eventId: event?.id, type: event?.type, requestId, ms });
    if (outcome !== 'accepted' && !isOurFault(outcome)) this.rejections.count(outcome, remoteAddress);
  }
}

export function countDropped(): void {
  dropped.inc();
}

function isOurFault(outcome: Mismatch | ErrorCode): boolean {
  if (outcome === 'livemode_mismatch' || outcome === 'account_mismatch') return false;
  return errorTable[outcome].status >= 500;
}

/** Read when metrics are asked for. The newest publisher counts: a process has one, a test run has several in turn. */
function showPublisher(publisher: EventPublisher): void {
  const state = new Gauge({
    name: 'billhook_ingress_publisher_state',
    help: '1 for the state the connection to the broker is in: up, blocked or down.',
    labelNames: ['state'],
    registers: [],
    collect() {
      for (const each of states) this.set({ state: each }, publisher.state() === each ? 1 : 0);
    },
  });
  const unconfirmed = new Gauge({
    name: 'billhook_ingress_unconfirmed_messages',
    help: 'Messages given to the broker and not confirmed yet.',
    registers: [],
    collect() {
      this.set(publisher.unconfirmed());
    },
  });
  replaceMetric('billhook_ingress_publisher_state', state);
  replaceMetric('billhook_ingress_unconfirmed_messages', unconfirmed);
}

function replaceMetric(name: string, metric: Gauge): void {
  register.removeSingleMetric(name);
  register.registerMetric(metric);
}
