import type { Account, Entitlements, Tier, TierName } from '@billhook/contracts';
import { hash } from 'node:crypto';

/** `GET /v1/users/:id/entitlements`: what a user may do, and until when that is known to be everything that happened. */
export interface EntitlementsAnswer {
  user_id: string;
  tier: Tier;
  tier_name: TierName;
  entitlements: Entitlements;
  version: number;
  as_of: string;
}

export function entitlementsAnswer(account: Account, asOf: Date): EntitlementsAnswer {
  const { user_id, tier, tier_name, entitlements, version } = account;
  return { user_id, tier, tier_name, entitlements, version, as_of: asOf.toISOString() };
}

/**
 * Weak: two answers with the same tag say the same of the user, though not of the same moment. Not the version alone: Free's
 * entitlements stand in the plan catalogue, whose changes no account's version tells of.
 */
export function entityTagOf(answer: EntitlementsAnswer): string {
  const state = { ...answer, as_of: null };
  return `W/"${hash('sha256', JSON.stringify(state), 'base64url').slice(0, 22)}"`;
}

/** By If-None-Match, which lists tags or says `*`; weak and strong ones compare alike (RFC 9110 §13.1.2). */
export function isKnown(entityTag: string, ifNoneMatch: string | undefined): boolean {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  const listed = (ifNoneMatch ?? '').split(',').map(opaque);
  return listed.includes('*') || listed.includes(opaque(entityTag));
}
