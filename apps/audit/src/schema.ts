import type { ServiceSchema } from '@billhook/database';
import { SignCheckpoints1797300000100 } from './migrations/1797300000100-sign-checkpoints.js';
import { makePartitionsAhead } from './retention/partitions.store.js';
import { Trail1795392000000 } from './migrations/1795392000000-trail.js';
import { WaitShorter1796200000000 } from './migrations/1796200000000-wait-shorter.js';
import { ParkDeadLetters1796300000000 } from './migrations/1796300000000-park-dead-letters.js';
import { AddRetries1796300000010 } from './migrations/1796300000010-add-retries.js';
import { SealAndPartition1797300000000 } from './migrations/1797300000000-seal-and-partition.js';
import { ReadQuicker1797400000000 } from './migrations/1797400000000-read-quicker.js';
import { RollUpFunnel1797400000100 } from './migrations/1797400000100-roll-up-funnel.js';
import { AppendQuicker1797600000000 } from './migrations/1797600000000-append-quicker.js';
import { PlanOnce1797600000100 } from './migrations/1797600000100-plan-once.js';
import { WaitForTheFirst1797800000000 } from './migrations/1797800000000-wait-for-the-first.js';

export const schema: ServiceSchema = {
  schema: 'audit',
  migrations: [
    Trail1795392000000,
    WaitShorter1796200000000,
    ParkDeadLetters1796300000000,
    AddRetries1796300000010,
    SealAndPartition1797300000000,
    SignCheckpoints1797300000100,
    ReadQuicker1797400000000,
    RollUpFunnel1797400000100,
    AppendQuicker1797600000000,
    PlanOnce1797600000100,
    WaitForTheFirst1797800000000,
  ],
  maintenance: makePartitionsAhead,
};
