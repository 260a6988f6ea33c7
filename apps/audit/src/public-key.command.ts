import { loadConfigOrExit } from '@billhook/runtime';
import { PublicKeyConfig } from './config.js';
import { CheckpointKey } from './trail/checkpoint.js';

/** Prints the public keys that checkpoints are verified with, the current one first. Give it away once, by another way than the exports. */
const config = loadConfigOrExit(PublicKeyConfig, 'audit public key');
for (const seed of config.AUDIT_CHECKPOINT_KEY) {
  process.stdout.write(new CheckpointKey(Buffer.from(seed, 'base64')).publicPem());
}
