import 'reflect-metadata';
import { declareTopology } from '@billhook/messaging';
import { loadConfigOrExit, messageOf } from '@billhook/runtime';
import { TopologyConfig } from './config.js';

const config = loadConfigOrExit(TopologyConfig, 'declare-topology');
try {
  await declareTopology({ url: config.RABBITMQ_URL, log: (line) => void process.stdout.write(`declared ${line}\n`) });
} catch (error) {
  process.stderr.write(`declare-topology: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
