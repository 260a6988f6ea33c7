import { Logger } from '@nestjs/common';
import { readConfig } from './config.js';
import { createSimulator } from './simulator.module.js';

const read = readConfig(process.env);
if (!read.ok) {
  process.stderr.write(`The simulator cannot start:\n${read.problems.map((problem) => `- ${problem}\n`).join('')}`);
  process.exit(1);
}
const { config } = read;
const app = await createSimulator(config);
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen(config.port, config.host);
new Logger('simulator').log({
  message: 'listening',
  host: config.host,
  port: config.port,
  publicUrl: config.publicUrl,
});
