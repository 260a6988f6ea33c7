import { forgetting } from '../forgetting.store.js';

/** Deletes rows of replicas that ended long ago, but never what the last of them knew. */
export const forgetEndedReplicas = forgetting(
  'replicas that ended',
  `DELETE FROM reading_progress WHERE seen_at < now() - interval '1 day'
     AND applied_until < (SELECT max(applied_until) FROM reading_progress)`,
);
