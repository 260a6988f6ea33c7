import { addRetryLane, DeadLetters, RetryRunner } from '@billhook/messaging';
import type { Delivery, IsOfErased, Outcome } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { erasuresIn } from '../erasure/erasure.js';
import { Erasures } from '../erasure/erasures.store.js';
import { Sealer } from '../seal/sealer.store.js';
import { AppendStore } from './append.store.js';
import { consumerName } from './consumer-name.js';
import { draftOf, outcomeOf } from './entry-outcome.js';

/** What could not be appended: where dead letters wait, and the way back to the trail of those that a person has tried again. */
@Injectable()
export class ParkedEntries {
  readonly deadLetters: DeadLetters;

  constructor(
    dataSource: DataSource,
    private readonly sealer: Sealer,
    private readonly store: AppendStore,
    retries: RetryRunner,
  ) {
    const erasures = new Erasures();
    const isOfErased: IsOfErased = (manager, mentions) => erasures.isOfErased(manager, mentions);
    this.deadLetters = new DeadLetters({
      dataSource,
      consumer: consumerName,
      isOfErased,
      hasHadEffect: (manager, id) => store.has(manager, id),
    });
    addRetryLane({
      dataSource,
      consumer: consumerName,
      retries,
      isOfErased,
      apply: (manager, deliveries) => this.append(manager, deliveries),
    });
  }

  /** One that stands in the trail by now, because it came again meanwhile, is as good as appended. */
  private async append(manager: EntityManager, deliveries: Delivery[]): Promise<Outcome[]> {
    const drafts = deliveries.map(draftOf);
    const entries = await this.sealer.seal(drafts.filter((draft) => draft !== undefined));
    const fresh = await this.store.appendWithin(manager, entries, erasuresIn(deliveries));
    return drafts.map((draft) => {
      const outcome = outcomeOf(draft, fresh);
      return outcome.kind === 'duplicate' ? { kind: 'applied' } : outcome;
    });
  }
}
