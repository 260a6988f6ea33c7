import { loadConfigOrExit } from '@billhook/runtime';
import { PublicKeyConfig } from './config.js';
import { CheckpointKey } from './trail/checkpoint.js';

/** Prints the public key that checkpoints are verified with. Give it away once, by another way than the exports. */
const config = loadConfigOrExit(PublicKeyConfig, 'audit public key');
process.stdout.write(new CheckpointKey(Buffer.from(config.AUDIT_CHECKPOINT_KEY, 'base64')).publicPem());
