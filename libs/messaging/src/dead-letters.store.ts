import { inTransaction } from '@billhook/database';
import type { DataSource, EntityManager } from 'typeorm';
import { Attempts } from './attempts.store.js';
import type { DeadLetter } from './dead-letter.js';
import { Inbox } from './inbox.store.js';
import { Outbox } from './outbox.store.js';
import { toAnnouncement } from './parked-announcement.js';
import { isToRedact, redactedReason } from './redaction.js';
import type { IsOfErased } from './redaction.js';

export interface DeadLettersOptions {
  dataSource: DataSource;
  /** Its name in the inbox, e.g. `subscription`. */
  consumer: string;
  /** Announces `billing.event.parked` under this source; only for a schema that has an outbox. */
  outboxSource?: string;
  /** What is of somebody erased is parked without its bytes; only for a service that knows who is. */
  isOfErased?: IsOfErased;
  /** For a consumer that knows its events elsewhere than in its inbox: whether this one has had its effect. */
  hasHadEffect?: (manager: EntityManager, id: string) => Promise<boolean>;
}

/** `known`: something stands of it already, which is left as it is. */
export type DeadLetterFate = 'parked' | 'known';

/** Where dead letters of a consumer go: to its parked events, whatever they are, since a broker is no place to look things up. */
export class DeadLetters {
  private readonly inbox: Inbox;
  private readonly attempts: Attempts;
  private readonly outbox = new Outbox();

  constructor(private readonly options: DeadLettersOptions) {
    this.inbox = new Inbox(options.consumer);
    this.attempts = new Attempts(options.dataSource, options.consumer);
  }

  /** Once this has resolved, the message is PostgreSQL's and can go. Safe to repeat. Rejects with nothing done. */
  park(letter: DeadLetter): Promise<DeadLetterFate> {
    const { dataSource, hasHadEffect, isOfErased } = this.options;
    return inTransaction(dataSource, async (manager) => {
      await this.attempts.clear(manager, [letter.id]);
      if ((await hasHadEffect?.(manager, letter.id)) === true) return 'known';
      const isRedacted = await isToRedact(manager, letter, isOfErased);
      const kept = isRedacted ? { ...letter, reason: redactedReason } : letter;
      if (!(await this.inbox.parkOnce(manager, kept, isRedacted))) return 'known';
      await this.announce(manager, kept);
      return 'parked';
    });
  }

  private async announce(manager: EntityManager, { id, type, reason }: DeadLetter): Promise<void> {
    const { outboxSource } = this.options;
    if (outboxSource === undefined) return;
    await this.outbox.append(manager, outboxSource, [toAnnouncement({ id, type, reason, attempts: 0 }, new Date())]);
  }
}
