/**
 * Everything between a service and the broker: the topology, publishing with confirms, the consuming transport with its
 * batches, the inbox and outbox tables and the relay between them.
 */
export { BatchTransport } from './batch-transport.consumer.js';
export type { BatchTransportOptions } from './batch-transport.consumer.js';
export { DeadLetters } from './dead-letters.store.js';
export type { DeadLettersOptions } from './dead-letters.store.js';
export type { Delivery, InboxStatus, OutgoingEvent, Outcome, Settlement } from './event.js';
export { failureReason } from './failure.js';
export { isHeldUp } from './held-up.js';
export { Inbox } from './inbox.store.js';
export type { InboxEntry, Settled } from './inbox.store.js';
export { InboxSearch } from './inbox-search.store.js';
export type { InboxDetail, InboxFilter, InboxPosition, InboxSummary, ReasonGroup } from './inbox-search.store.js';
export { MaintainConfig } from './maintain-config.js';
export { forgetSent, forgetSettled, forgetUndecodable } from './maintenance.store.js';
export { OutboxRelay } from './outbox.relay.js';
export { OutboxRunner } from './outbox-runner.relay.js';
export type { OutboxRelayOptions } from './outbox.relay.js';
export { RelayLease } from './relay-lease.store.js';
export { Outbox } from './outbox.store.js';
export type { OutboxEvent } from './outbox.store.js';
export { createBatchProcessor } from './process-batch.store.js';
export type { BatchProcessorOptions, ProcessBatch } from './process-batch.store.js';
export { EventPublisher } from './publisher.relay.js';
export type { EventPublisherOptions } from './publisher.relay.js';
export { ReplayConfig, runReplayCommand } from './replay.command.js';
export type { Mentions } from './mentions.js';
export type { IsOfErased } from './redaction.js';
export { addRetryLane } from './retry-lane.store.js';
export { RetryRunner } from './retry-runner.store.js';
export { isSurroundingsFailure } from './surroundings.js';
export { addRetries, createInboxTables, createOutboxTable, dropRetries } from './tables.store.js';
export { declareTopology } from './topology.relay.js';
export { Turnstile } from './turnstile.js';
