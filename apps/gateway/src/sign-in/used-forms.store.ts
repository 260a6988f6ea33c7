import { forgetting } from '../forgetting.store.js';

/** Deletes what is remembered of forms that are too old to be sent again: a form is good for twelve hours. */
export const forgetUsedForms = forgetting(
  'used forms',
  `DELETE FROM used_form WHERE used_at < now() - interval '1 day'`,
);
