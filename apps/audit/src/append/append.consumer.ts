import { isSurroundingsFailure, Turnstile } from '@billhook/messaging';
import type { Delivery, Outcome } from '@billhook/messaging';
import { Controller, Logger } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Counter } from 'prom-client';
import { erasuresIn } from '../erasure/erasure.js';
import type { Erasure } from '../erasure/erasure.js';
import { Sealer } from '../seal/sealer.store.js';
import type { Draft } from '../trail/content.js';
import { AppendStore } from './append.store.js';
import { draftOf, outcomeOf } from './entry-outcome.js';

/** One per process, like the registry it is in. */
const handled = new Counter({
  name: 'billhook_audit_events_total',
  help: 'Events taken from audit.events, by what became of them',
  labelNames: ['outcome'],
});

@Controller()
export class AppendConsumer {
  private readonly log = new Logger('append');
  /**
   * A batch is written out while PostgreSQL appends the one before; they are appended in the order in which they came. One whose
   * surroundings fail comes again, and so does the one behind it.
   */
  private readonly turnstile = new Turnstile();

  constructor(
    private readonly sealer: Sealer,
    private readonly store: AppendStore,
  ) {}

  /**
   * No inbox: that an event id is unique in the trail is what makes a second delivery harmless, and it is checked in the
   * transaction that appends.
   */
  @EventPattern('audit.events')
  async append(@Payload() batch: Delivery[]): Promise<Outcome[]> {
    const startedAt = performance.now();
    const drafts = batch.map(draftOf);
    const fresh = await this.appendInTurn(
      drafts.filter((draft) => draft !== undefined),
      erasuresIn(batch),
    );
    const outcomes = drafts.map((draft) => outcomeOf(draft, fresh));
    this.report(batch, outcomes, Math.round(performance.now() - startedAt));
    return outcomes;
  }

  private async appendInTurn(drafts: Draft[], erasures: Erasure[]): Promise<Set<string>> {
    const sealing = this.sealer.seal(drafts);
    // It fails before its turn has come: the failure is met below, where it is awaited.
    sealing.catch(() => undefined);
    const { locked, gaveUp } = await this.turnstile.pass();
    try {
      return await this.store.append(await sealing, erasures);
    } catch (error) {
      if (isSurroundingsFailure(error)) gaveUp(error);
      throw error;
    } finally {
      locked();
    }
  }

  private report(batch: Delivery[], outcomes: Outcome[], ms: number): void {
    outcomes.forEach(({ kind }, index) => {
      handled.inc({ outcome: kind });
      const attributes = batch[index]?.attributes;
      this.log.log({ msg: 'event', eventId: attributes?.id, type: attributes?.type, outcome: kind, ms });
    });
  }
}
