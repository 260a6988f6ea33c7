import type { CardInput } from '../customers/payment-method.js';
import { newId } from '../world/ids.js';
import type { World } from '../world/world.js';

/** What waits for the customer to pass 3-D Secure. */
export type ChallengePurpose =
  | { kind: 'checkout'; session: string; card: CardInput; email: string | null; promotionCode: string }
  | { kind: 'invoice'; invoice: string; method: string }
  | { kind: 'portal'; session: string; customer: string; card: CardInput };

export interface Challenge {
  id: string;
  purpose: ChallengePurpose;
}

/** Where to send the customer. */
export function openChallenge(world: World, purpose: ChallengePurpose): string {
  const id = newId('challenge_');
  world.challenges.set(id, { id, purpose });
  return `/3d_secure/${id}`;
}
