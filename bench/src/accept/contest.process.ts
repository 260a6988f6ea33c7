import { freePort, startServiceProcess } from '@billhook/testing';
import type { ServiceProcess } from '@billhook/testing';
import { connect } from 'amqplib';
import { join } from 'node:path';
import { managementDistance } from '../../../demo/src/system.js';
import { profilingArguments } from '../crew.process.js';
import type { Lab } from '../lab.js';
import { loadReport } from './load.js';
import type { LoadOrder, LoadReport } from './load.js';

/** How hard a run is: see LoadOrder. */
export type Load = Pick<LoadOrder, 'connections' | 'events' | 'perSecond'>;

/** The ingress, the bare server and the load generator: three processes, on one broker that nobody consumes from. */
export interface Contest {
  ingress(load: Load): Promise<LoadReport>;
  bare(load: Load): Promise<LoadReport>;
  stop(): Promise<void>;
}

export async function startContest(lab: Lab): Promise<Contest> {
  const settings = lab.settings['webhook-ingress'];
  const secret = String(settings['STRIPE_WEBHOOK_SECRET']);
  const ports = { ingress: lab.ports['webhook-ingress'], bare: await freePort(), load: await freePort() };
  const broker = await connect(lab.place.rabbitmqUrl, { noDelay: true });
  const channel = await broker.createChannel();
  const start = (name: string, script: string, env: Record<string, string>): ServiceProcess =>
    startServiceProcess({
      reaper: lab.reaper,
      name,
      script,
      settings: env,
      logFile: join(lab.logFolder, `${name}.log`),
      nodeArguments: profilingArguments(name),
    });
  const ingress = start('accept-ingress', 'apps/webhook-ingress/src/main.js', settings);
  const bare = start('accept-bare', 'bench/src/accept/bare-main.js', {
    PORT: String(ports.bare),
    RABBITMQ_URL: lab.place.rabbitmqUrl,
    STRIPE_WEBHOOK_SECRET: secret,
  });
  const load = start('accept-load', 'bench/src/accept/load-main.js', { PORT: String(ports.load) });
  const processes = [ingress, bare, load];
  await Promise.all([
    ingress.untilReady(`http://127.0.0.1:${ports.ingress + managementDistance}/health/ready`),
    bare.untilReady(`http://127.0.0.1:${ports.bare}/`),
    load.untilReady(`http://127.0.0.1:${ports.load}/`),
  ]);
  /** What a run left in the queues would slow the next one down, and fill the broker's memory in the end. */
  const purge = async (): Promise<void> => {
    for (const queue of ['subscription.events', 'audit.events']) await channel.purgeQueue(queue);
  };
  const run = async (port: number, wanted: Load): Promise<LoadReport> => {
    const report = await askForLoad(ports.load, { port, secret, ...wanted });
    await purge();
    return report;
  };
  return {
    ingress: (wanted) => run(ports.ingress, wanted),
    bare: (wanted) => run(ports.bare, wanted),
    stop: async () => {
      for (const each of processes) each.kill('SIGTERM');
      await Promise.all(processes.map((each) => each.ended));
      await broker.close();
    },
  };
}

async function askForLoad(port: number, order: LoadOrder): Promise<LoadReport> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(order) });
  const body = await response.text();
  if (!response.ok) throw new Error(`the load generator failed: ${body}`);
  return loadReport.parse(JSON.parse(body));
}
