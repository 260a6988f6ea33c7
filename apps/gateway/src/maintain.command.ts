import { runMaintainCommand } from '@billhook/database';
import { forgetSent, forgetSettled, forgetUndecodable, MaintainConfig } from '@billhook/messaging';
import { consumerName } from './account/consumer-name.js';
import { forgetPreviews } from './change/old-previews.store.js';
import { forgetEndedReplicas } from './entitlements/ended-replicas.store.js';
import { forgetUsedForms } from './sign-in/used-forms.store.js';

await runMaintainCommand({
  schema: 'gateway',
  Config: MaintainConfig,
  tasks: ({ OUTBOX_RETENTION_DAYS, INBOX_RETENTION_DAYS }) => [
    forgetSent(OUTBOX_RETENTION_DAYS),
    forgetSettled(consumerName, INBOX_RETENTION_DAYS),
    forgetUndecodable(consumerName),
    forgetUsedForms,
    forgetEndedReplicas,
    forgetPreviews,
  ],
});
