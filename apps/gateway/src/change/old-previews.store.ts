import { forgetting } from '../forgetting.store.js';

/** Deletes previews that cannot be confirmed any more: one is good for an hour. */
export const forgetPreviews = forgetting(
  'previews of plan changes',
  `DELETE FROM change_preview WHERE created_at < now() - interval '1 day'`,
);
