import { freePort, freePortPair, isPortFree } from '@billhook/testing';
import { createServer } from 'node:net';
import { defaultPorts, managementDistance } from './system.js';
import type { Ports, ProcessName } from './settings.js';

const lockPort = 3020;
const managed: ProcessName[] = ['gateway', 'webhook-ingress', 'subscription', 'audit'];

export interface ClaimedPorts {
  ports: Ports;
  release(): void;
}

/**
 * The default ports where they are free, others where not. Two demos started at the same moment would both find them free: the
 * one that gets to listen on a port of no other use may have them, the kernel lets go of it however that demo ends.
 */
export async function claimPorts(): Promise<ClaimedPorts> {
  const lock = createServer();
  const mayUseDefaults = await new Promise<boolean>((resolve) => {
    lock.once('error', () => resolve(false));
    lock.listen({ port: lockPort, host: '127.0.0.1', exclusive: true }, () => resolve(true));
  });
  lock.unref();
  const ports: Ports = { ...defaultPorts };
  for (const name of managed) {
    const port = defaultPorts[name];
    const isFree = mayUseDefaults && (await isPortFree(port)) && (await isPortFree(port + managementDistance));
    if (!isFree) ports[name] = await freePortPair(managementDistance);
  }
  const simulator = defaultPorts['stripe-simulator'];
  if (!(mayUseDefaults && (await isPortFree(simulator)))) ports['stripe-simulator'] = await freePort();
  return { ports, release: () => void lock.close() };
}
