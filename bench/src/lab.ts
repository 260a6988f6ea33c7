import type { Reaper } from '@billhook/testing';
import type { Place } from '../../demo/src/place.store.js';
import type { Ports, ProcessName, Settings } from '../../demo/src/settings.js';
import type { Figure } from './figure.js';

/** Where a part of the benchmark works: servers that are up, a database and queues of its own, and no service running yet. */
export interface Lab {
  place: Place;
  /** RabbitMQ's own management. */
  rabbitmqManagementUrl: string;
  ports: Ports;
  /** What each process would find in its environment. */
  settings: Record<ProcessName, Settings>;
  reaper: Reaper;
  logFolder: string;
  /** FULL=1: the sizes of the goals; otherwise a tenth. */
  isFull: boolean;
  /** Of a size at full scale, what this run takes: all of it, a tenth, or with QUICK=1 a hundredth. */
  sized: (full: number) => number;
  /** The same of what is measured again in every round: at a tenth of full scale a sixteenth, as the median needs no more. */
  sizedRound: (full: number) => number;
  /** Of what is compared; the figure is their median. */
  rounds: number;
  /** Progress, to standard error. */
  say: (line: string) => void;
}

/** One part of the benchmark (`ONLY=accept`). Starts what it measures, and leaves nothing running. */
export type Part = (lab: Lab) => Promise<Figure[]>;
