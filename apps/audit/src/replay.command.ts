import { runReplayCommand } from '@billhook/messaging';
import { consumerName } from './append/consumer-name.js';

await runReplayCommand({ schema: 'audit', consumer: consumerName });
