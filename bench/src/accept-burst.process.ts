import { startAcceptRate } from './accept/accept-rate.js';
import type { Lab } from './lab.js';

/** Events a second that the ingress accepts when it has the machine to itself, now; its events are purged. */
export async function acceptBurst(lab: Lab): Promise<number> {
  const ingress = await startAcceptRate(lab);
  try {
    return await ingress.measure();
  } finally {
    await ingress.stop();
  }
}
