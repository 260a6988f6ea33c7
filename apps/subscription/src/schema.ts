import type { ServiceSchema } from '@billhook/database';
import { createMonthlyPartitions } from './intake/raw-event-partitions.store.js';
import { CreateSubscription1795392000000 } from './migrations/1795392000000-create-subscription.js';
import { AddRetries1796000000000 } from './migrations/1796000000000-add-retries.js';
import { StoreBodiesPlainly1796100000000 } from './migrations/1796100000000-store-bodies-plainly.js';
import { FetchWhatIsNotKnown1796100000010 } from './migrations/1796100000010-fetch-what-is-not-known.js';
import { RememberWhatWasUnderstood1796200000000 } from './migrations/1796200000000-remember-what-was-understood.js';
import { RecordPaymentsToConfirm1796200000010 } from './migrations/1796200000010-record-payments-to-confirm.js';
import { RememberWhatWasUnderstoodLate1796300000020 } from './migrations/1796300000020-remember-what-was-understood-late.js';
import { KeepStripeObjects1796400000000 } from './migrations/1796400000000-keep-stripe-objects.js';
import { TellDuplicatesOnce1796400000010 } from './migrations/1796400000010-tell-duplicates-once.js';
import { Reconcile1796500000000 } from './migrations/1796500000000-reconcile.js';
import { LookWhenDue1796600000000 } from './migrations/1796600000000-look-when-due.js';
import { TellOfUnknownCustomers1796600000100 } from './migrations/1796600000100-tell-of-unknown-customers.js';
import { KeepWhatStripeAnswered1796600000200 } from './migrations/1796600000200-keep-what-stripe-answered.js';
import { RememberPrices1796700001000 } from './migrations/1796700001000-remember-prices.js';
import { AskForPeopleFirst1797100000000 } from './migrations/1797100000000-ask-for-people-first.js';
import { BoundTheLocksOfLinks1797100000100 } from './migrations/1797100000100-bound-the-locks-of-links.js';
import { RememberErasures1797200001000 } from './migrations/1797200001000-remember-erasures.js';
import { FindEventsOfNobody1797200001100 } from './migrations/1797200001100-find-events-of-nobody.js';

export const schema: ServiceSchema = {
  schema: 'subscription',
  migrations: [
    CreateSubscription1795392000000,
    AddRetries1796000000000,
    StoreBodiesPlainly1796100000000,
    FetchWhatIsNotKnown1796100000010,
    RememberWhatWasUnderstood1796200000000,
    RecordPaymentsToConfirm1796200000010,
    RememberWhatWasUnderstoodLate1796300000020,
    KeepStripeObjects1796400000000,
    TellDuplicatesOnce1796400000010,
    Reconcile1796500000000,
    LookWhenDue1796600000000,
    TellOfUnknownCustomers1796600000100,
    KeepWhatStripeAnswered1796600000200,
    RememberPrices1796700001000,
    AskForPeopleFirst1797100000000,
    BoundTheLocksOfLinks1797100000100,
    RememberErasures1797200001000,
    FindEventsOfNobody1797200001100,
  ],
  maintenance: (query) => createMonthlyPartitions(query, new Date()),
};
