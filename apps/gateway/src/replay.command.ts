import { runReplayCommand } from '@billhook/messaging';
import { consumerName } from './account/consumer-name.js';

await runReplayCommand({ schema: 'gateway', consumer: consumerName });
