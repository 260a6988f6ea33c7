import { runProcess } from '@billhook/testing';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Lab } from '../lab.js';
import { deliverResult, publishResult } from './job.js';
import type { DeliverJob, DeliverResult, PublishJob } from './job.js';

/** Events onto the exchange as the ingress would publish them; resolves once the broker has confirmed them all. */
export async function publishEvents(lab: Lab, job: Omit<PublishJob, 'rabbitmqUrl'>): Promise<void> {
  const program = { name: 'load-publish', script: 'bench/src/load/publish-main.js' };
  await runProgram(lab, program, { ...job, rabbitmqUrl: lab.place.rabbitmqUrl }, publishResult);
}

/** Signed events to the ingress over HTTP. */
export function deliverEvents(lab: Lab, job: Omit<DeliverJob, 'port' | 'secret'>): Promise<DeliverResult> {
  const { PORT, STRIPE_WEBHOOK_SECRET } = lab.settings['webhook-ingress'];
  const to = { port: Number(PORT), secret: STRIPE_WEBHOOK_SECRET };
  const program = { name: 'load-deliver', script: 'bench/src/load/deliver-main.js' };
  return runProgram(lab, program, { ...job, ...to }, deliverResult);
}

let runs = 0;

/** One program of the benchmark in a process of its own, outside the measured ones: job in, result out. */
export async function runProgram<T>(
  lab: Lab,
  { name, script }: { name: string; script: string },
  job: object,
  result: z.ZodType<T>,
): Promise<T> {
  mkdirSync(lab.logFolder, { recursive: true });
  const resultFile = join(lab.logFolder, `${name}-${(runs += 1)}.json`);
  await runProcess({
    reaper: lab.reaper,
    name,
    script,
    settings: { JOB: JSON.stringify(job), RESULT_FILE: resultFile },
    logFile: join(lab.logFolder, `${name}.log`),
  });
  return result.parse(JSON.parse(readFileSync(resultFile, 'utf8')));
}
