import { attributesSchema } from '@billhook/contracts';
import type { EventAttributes } from '@billhook/contracts';

/**
 * Null when they were redacted, and when they cannot be read: what one version kept, another may refuse, and a row may have been
 * mended by hand. Whoever reads many such rows must not fail for one of them.
 */
export function fromKept(headers: unknown): EventAttributes | null {
  const parsed = attributesSchema.safeParse(headers);
  return parsed.success ? parsed.data : null;
}
