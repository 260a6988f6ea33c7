import { runMigrateCommand } from '@billhook/database';
import { schema } from './schema.js';

await runMigrateCommand(schema);
