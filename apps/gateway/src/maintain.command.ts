import { runMaintainCommand } from '@billhook/database';
import { forgetSent, forgetSettled, MaintainConfig } from '@billhook/messaging';
import { forgetEndedReplicas } from './entitlements/ended-replicas.js';
import { forgetUsedForms } from './sign-in/used-forms.js';

await runMaintainCommand({
  schema: 'gateway',
  Config: MaintainConfig,
  tasks: ({ OUTBOX_RETENTION_DAYS, INBOX_RETENTION_DAYS }) => [
    forgetSent(OUTBOX_RETENTION_DAYS),
    forgetSettled('gateway', INBOX_RETENTION_DAYS),
    forgetUsedForms,
    forgetEndedReplicas,
  ],
});
