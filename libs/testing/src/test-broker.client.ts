import { declareTopology } from '@billhook/messaging';
import { randomBytes } from 'node:crypto';
import { createVirtualHost, deleteVirtualHost, inVirtualHost } from './infrastructure/virtual-hosts.client.js';
import { runVariable } from './jest/run-variables.js';

/** A virtual host of a spec's own, with the topology declared. */
export interface TestBroker {
  /** amqp URL, in this virtual host */
  url: string;
  /** base of the management API, credentials in the URL */
  managementUrl: string;
  vhost: string;
  /** Deletes it; connections to it are closed by the broker. */
  drop(): Promise<void>;
}

/** A fresh virtual host; with `declare: false` an empty one. */
export async function createTestBroker(options: { declare?: boolean } = {}): Promise<TestBroker> {
  const managementUrl = runVariable('managementUrl');
  const vhost = `bh_${runVariable('run')}_${randomBytes(5).toString('hex')}`;
  const url = inVirtualHost(runVariable('rabbitmqUrl'), vhost);
  await createVirtualHost(managementUrl, vhost);
  if (options.declare ?? true) await declareTopology({ url });
  return { url, managementUrl, vhost, drop: () => deleteVirtualHost(managementUrl, vhost) };
}
