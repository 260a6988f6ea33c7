import { inTransaction } from '@billhook/database';
import { failureReason, Inbox, isHeldUp, isSurroundingsFailure, Outbox } from '@billhook/messaging';
import type { Delivery, InboxEntry, InboxStatus, Outcome } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { BatchApplier } from '../intake/apply.store.js';
import { consumerName } from '../intake/consumer-name.js';
import { KeptEvents } from '../intake/kept-event.store.js';
import { RulesSource } from '../rules.js';

/** Who wants events run again, from where, and why. */
export interface ReplayOrder {
  /** `sub` of the token. */
  by: string;
  note: string;
  requestId: string;
  remoteAddress: string;
  userAgent: string | undefined;
}

/**
 * What became of one event. `failed`: it had been applied, and that stands, but running it again threw. `busy`: somebody else
 * was at it for too long. `redacted`, `not_kept`: its bytes are gone, by an erasure or by their age. `unreadable`: what travelled
 * beside them cannot be read by this version.
 */
export type ReplayResult = InboxStatus | 'failed' | NotRun;
export type NotRun = 'busy' | 'not_found' | 'redacted' | 'not_kept' | 'unreadable';

interface Taken {
  before: InboxEntry;
  delivery: Delivery;
  attempts: number;
}

/** A batch that meets us on the same customer waits longer than this: we give way. */
const lockTimeout = "SET LOCAL lock_timeout = '300ms'";

/**
 * Runs an event again that was settled once, by the same rules under the same locks: what was parked is released, what was
 * ignored may be applied by now, and what was applied finds its effect there and changes nothing.
 */
@Injectable()
export class Replays {
  private readonly inbox = new Inbox(consumerName);
  private readonly outbox = new Outbox();
  private readonly kept = new KeptEvents();

  constructor(
    private readonly dataSource: DataSource,
    private readonly applier: BatchApplier,
    private readonly rules: RulesSource,
  ) {}

  /** One event, in one transaction. Rejects only when the surroundings fail. */
  async run(id: string, order: ReplayOrder): Promise<ReplayResult> {
    try {
      return await this.transaction((manager) => this.runOnce(manager, id, order));
    } catch (error) {
      if (isHeldUp(error)) return 'busy';
      if (isSurroundingsFailure(error)) throw error;
      const reason = failureReason(error);
      return this.transaction((manager) => this.recordFailure(manager, id, order, reason));
    }
  }

  private transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return inTransaction(this.dataSource, async (manager) => {
      await manager.query(lockTimeout);
      return work(manager);
    });
  }

  private async runOnce(manager: EntityManager, id: string, order: ReplayOrder): Promise<ReplayResult> {
    const source = await this.take(manager, id);
    if (typeof source === 'string') return source;
    const { before, delivery, attempts } = source;
    const again = { ...delivery, replayId: `replay/${order.requestId}` };
    const { outcomes } = await this.applier.apply(manager, [again], this.rules.now());
    const [answer] = outcomes;
    if (answer === undefined) throw new Error('an event was run again without an outcome');
    // Its effect stands, whatever a second look at it says: most often that a newer state is known.
    const outcome: Outcome = before.outcome === 'applied' ? { kind: 'applied' } : answer;
    await this.inbox.release(manager, [{ delivery, outcome, attempts }]);
    const after = outcome.kind === 'duplicate' ? before.outcome : outcome.kind;
    await this.announce(manager, order, before, { after, reason: 'reason' in outcome ? outcome.reason : null });
    return after;
  }

  private async recordFailure(
    manager: EntityManager,
    id: string,
    order: ReplayOrder,
    reason: string,
  ): Promise<ReplayResult> {
    const source = await this.take(manager, id);
    if (typeof source === 'string') return source;
    const { before, delivery, attempts } = source;
    const after = before.outcome === 'applied' ? 'applied' : 'parked';
    if (after === 'parked') {
      await this.inbox.release(manager, [{ delivery, outcome: { kind: 'parked', reason }, attempts }]);
    }
    await this.announce(manager, order, before, { after, reason });
    return after === 'parked' ? 'parked' : 'failed';
  }

  /**
   * The event under its rows' locks, so that two replays of it follow each other, and out of what is parked. In the order in
   * which retries and released events take them: parked, then inbox.
   */
  private async take(manager: EntityManager, id: string): Promise<Taken | NotRun> {
    const parked = await this.inbox.takeParked(manager, id);
    if (typeof parked === 'string') return parked;
    const before = await this.inbox.findForUpdate(manager, id);
    if (before === null) return 'not_found';
    if (parked !== null) return { before, delivery: parked.delivery, attempts: parked.attempts };
    const kept = await this.kept.find(manager, id, before.recordedAt);
    // Parked without a row of its own: somebody else has just run it.
    if (kept === null) return before.outcome === 'parked' || before.outcome === 'retrying' ? 'busy' : 'not_kept';
    const { attributes, body } = kept;
    if (attributes === null || body === null) return 'redacted';
    return { before, delivery: { attributes, body, redelivered: true }, attempts: 0 };
  }

  private async announce(
    manager: EntityManager,
    order: ReplayOrder,
    { eventId, type, outcome }: InboxEntry,
    { after, reason }: { after: InboxStatus; reason: string | null },
  ): Promise<void> {
    const { by, note, requestId, remoteAddress, userAgent } = order;
    const data = { event_id: eventId, event_type: type, outcome_before: outcome, outcome_after: after, reason, note };
    await this.outbox.append(manager, 'subscription', [
      {
        event: { type: 'billing.event.replayed', data },
        causeId: requestId,
        subject: eventId,
        at: new Date(),
        actor: `ops:${by}`,
        remoteAddress,
        ...(userAgent !== undefined && { userAgent }),
        requestId,
      },
    ]);
  }
}
