import type { Tier } from '@billhook/contracts';

export function tierWord(tier: Tier): string {
  return ['Free', 'Pro', 'Elite'][tier] ?? '';
}
