import type { ServiceSchema } from '@billhook/database';
import { Trail1795392000000 } from './migrations/1795392000000-trail.js';
import { WaitShorter1796200000000 } from './migrations/1796200000000-wait-shorter.js';

export const schema: ServiceSchema = { schema: 'audit', migrations: [Trail1795392000000, WaitShorter1796200000000] };
