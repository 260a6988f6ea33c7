import { StoryWorld } from './story-world.client.js';
import {
  cancelAtPeriodEnd,
  chooseProMonthly,
  forgeWebhook,
  passPeriodEnd,
  pay,
  readTrail,
  seePro,
  signIn,
  tryDeclinedCard,
} from './story-steps.client.js';
import type { RunningSystem } from './system.js';

/** The step of the story that did not hold, and why. */
export class StoryFailed extends Error {
  override readonly name = 'StoryFailed';
  constructor(
    readonly step: string,
    cause: unknown,
  ) {
    super(`${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Plays one customer's story over HTTP, as a browser and Stripe would. Throws StoryFailed at the first step that does not hold. */
export async function playStory(system: RunningSystem, say: (line: string) => void): Promise<void> {
  const world = new StoryWorld(system);
  const begun = performance.now();
  for (const [index, { title, play }] of steps.entries()) {
    const step = `${index + 1}. ${title}`;
    const before = performance.now();
    const seen = await play(world).catch((error: unknown) => {
      throw new StoryFailed(step, error);
    });
    say(`✔ ${step} (${Math.round(performance.now() - before)} ms)`);
    for (const line of seen) say(`    ${line}`);
  }
  say(`The whole story held, in ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
}

/** `play` returns what it saw, a line each, and throws where something does not hold. */
interface Step {
  title: string;
  play: (world: StoryWorld) => Promise<string[]>;
}

const steps: Step[] = [
  { title: 'A new user signs in and is on Free', play: signIn },
  { title: 'Choosing Pro, monthly, leads to Checkout', play: chooseProMonthly },
  { title: 'Paying with 4242 4242 4242 4242: Stripe sends signed events', play: pay },
  { title: 'The success page waited for the event: the account is Pro', play: seePro },
  { title: 'The audit trail lists what happened, and from where', play: readTrail },
  { title: 'Canceling at the period’s end keeps Pro until then', play: cancelAtPeriodEnd },
  { title: 'The period ends: back to Free', play: passPeriodEnd },
  { title: 'A declined card changes nothing, and says so', play: tryDeclinedCard },
  { title: 'A forged webhook is refused and leaves its trace, and nothing else', play: forgeWebhook },
];
