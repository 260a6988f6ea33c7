import { accept } from './accept/accept.js';
import { account } from './account/account.process.js';
import { apply } from './apply/apply.process.js';
import { audit } from './audit/audit.process.js';
import type { PartName } from './choose-parts.js';
import { cost } from './cost/cost.process.js';
import { endToEnd } from './end-to-end/end-to-end.process.js';
import { growth } from './growth/growth.process.js';
import type { Part } from './lab.js';
import { pipeline } from './pipeline/pipeline.process.js';
import { reconcile } from './reconcile/reconcile.process.js';

export interface PlannedPart {
  run: Part;
  /** How long it takes at a tenth of full scale, about. */
  minutes: number;
}

export const parts: Record<PartName, PlannedPart> = {
  accept: { run: accept, minutes: 1 },
  apply: { run: apply, minutes: 3 },
  pipeline: { run: pipeline, minutes: 3 },
  'end-to-end': { run: endToEnd, minutes: 2 },
  cost: { run: cost, minutes: 3 },
  growth: { run: growth, minutes: 3 },
  reconcile: { run: reconcile, minutes: 1 },
  account: { run: account, minutes: 2 },
  audit: { run: audit, minutes: 5 },
};
