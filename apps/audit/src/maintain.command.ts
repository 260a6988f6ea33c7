import { runMaintainCommand } from '@billhook/database';
import { forgetSettled, forgetUndecodable, InboxMaintainConfig } from '@billhook/messaging';
import { consumerName } from './append/consumer-name.js';

await runMaintainCommand({
  schema: 'audit',
  Config: InboxMaintainConfig,
  tasks: ({ INBOX_RETENTION_DAYS }) => [
    forgetSettled(consumerName, INBOX_RETENTION_DAYS),
    forgetUndecodable(consumerName),
  ],
});
