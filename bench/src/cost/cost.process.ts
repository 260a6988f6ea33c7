import type { Member } from '../crew.process.js';
import { withDatabase } from '../database.store.js';
import { atMost, figure, median } from '../figure.js';
import type { Figure } from '../figure.js';
import type { Part } from '../lab.js';
import { subscriptionCount } from '../load/stripe-feed.js';
import { runThrough, startSystem, stopSystem } from '../whole-system.process.js';
import { cpuSecondsOf, rssOf } from './proc.process.js';

const slices = 10;
const mostMemory = 160;
/** Flat: the last tenth against the fifth, when everything has long been warm. */
const mostGrowth = 1.1;
const sampleEveryMs = 500;

/** What one process used while the events went through. */
interface Cost {
  name: string;
  cpuSeconds: number;
  /** For each slice of the events, what it held in the middle of its samples. */
  memory: number[];
}

/** Everything runs, as in the pipeline; each process is looked at in /proc from outside. */
export const cost: Part = async (lab) => {
  const total = lab.sized(1_000_000);
  const members = await startSystem(lab);
  const meters: Meter[] = [];
  try {
    await withDatabase(lab, async (client) => {
      await runThrough(lab, client, { from: 0, count: subscriptionCount });
      meters.push(...members.map((member) => new Meter(member)));
      const count = total / slices;
      for (let slice = 0; slice < slices; slice += 1) {
        await runThrough(lab, client, { from: subscriptionCount + slice * count, count });
        const memory = meters.map((meter) => `${meter.name} ${Math.round(meter.endSlice())} MB`).join(', ');
        lab.say(`${(slice + 1) * count} of ${total} events: ${memory}`);
      }
    });
    return meters.flatMap((meter) => figuresOf(meter.read(), total));
  } finally {
    for (const meter of meters) meter.stop();
    await stopSystem(lab, members);
  }
};

class Meter {
  readonly name: string;
  private readonly cpuAtStart: number;
  private readonly memory: number[] = [];
  private samples: number[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly member: Member) {
    this.name = member.name;
    this.cpuAtStart = cpuSecondsOf(member.pid);
    this.timer = setInterval(() => this.samples.push(rssOf(member.pid)), sampleEveryMs);
  }

  endSlice(): number {
    this.samples.push(rssOf(this.member.pid));
    const held = median(this.samples);
    this.memory.push(held);
    this.samples = [];
    return held;
  }

  read(): Cost {
    return { name: this.name, cpuSeconds: cpuSecondsOf(this.member.pid) - this.cpuAtStart, memory: this.memory };
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

function figuresOf({ name, cpuSeconds, memory }: Cost, events: number): Figure[] {
  const [half = 0, last = 0] = [memory[slices / 2 - 1], memory[slices - 1]];
  return [
    figure(`cost.${name}.cpu_seconds_per_10000`, (cpuSeconds * 10_000) / events, 'CPU s'),
    figure(`cost.${name}.rss_mb_after_${events}`, last, 'MB', atMost(mostMemory)),
    figure(`cost.${name}.rss_growth_in_second_half`, last / half, 'ratio', atMost(mostGrowth)),
  ];
}
