import type { Lab } from '../lab.js';
import { runProgram } from '../load/load.process.js';
import { tokenMakingOf } from '../load/user-tokens.js';
import { watchResult } from './job.js';
import type { WatchJob, WatchResult } from './job.js';

/** Sends events at a rate to a system that runs, and watches when they become visible. */
export function watchEvents(
  lab: Lab,
  job: Pick<WatchJob, 'run' | 'from' | 'rate' | 'seconds' | 'warmUpSeconds'>,
): Promise<WatchResult> {
  const whole = {
    ...job,
    ...tokenMakingOf(lab),
    ingressPort: lab.ports['webhook-ingress'],
    gatewayPort: lab.ports.gateway,
    secret: lab.settings['webhook-ingress']['STRIPE_WEBHOOK_SECRET'],
    databaseUrl: lab.place.databaseUrls.gateway,
  };
  const program = { name: 'load-watch', script: 'bench/src/end-to-end/watch-main.js' };
  return runProgram(lab, program, whole, watchResult);
}
