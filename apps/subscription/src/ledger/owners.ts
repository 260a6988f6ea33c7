import { linksOf } from '@billhook/billing';
import type { StripeObject } from '@billhook/billing';
import type { Intake } from './intake.js';
import type { KeptObject } from './kept-object.js';

/** A batch and what is kept of its payments, with the customers that the links between them tell. */
export interface Owned {
  intakes: Intake[];
  found: KeptObject[];
  /** Those of the found whose customer was not known before. */
  adopted: KeptObject[];
}

/** The ids by which it is found out whose the objects of a batch are. */
export function linksOfAll(intakes: readonly Intake[]): string[] {
  return [...new Set(intakes.flatMap(({ objects }) => objects.flatMap(linksOf)))];
}

/**
 * Whose the objects are that name no customer: that of any object which they are linked to, over others too. Learned before any
 * event is applied, so that it does not matter which of them comes first.
 */
export function learnOwners(intakes: readonly Intake[], found: readonly KeptObject[]): Owned {
  const owners = ownersByLink([...found.map(({ object }) => object), ...intakes.flatMap(({ objects }) => objects)]);
  const owned = found.map((kept) => ({ ...kept, object: withOwner(kept.object, owners) }));
  return {
    intakes: intakes.map((intake) => (intake.objects.length === 0 ? intake : ofOwner(intake, owners))),
    found: owned,
    adopted: owned.filter(({ object }, index) => object.customerId !== (found[index]?.object.customerId ?? null)),
  };
}

function ofOwner(intake: Intake, owners: ReadonlyMap<string, string>): Intake {
  const objects = intake.objects.map((object) => withOwner(object, owners));
  return { ...intake, objects, customerId: intake.customerId ?? objects[0]?.customerId ?? null };
}

function withOwner(object: StripeObject, owners: ReadonlyMap<string, string>): StripeObject {
  const customerId = ownerOf(object, owners);
  return customerId === object.customerId ? object : { ...object, customerId };
}

function ownerOf(object: StripeObject, owners: ReadonlyMap<string, string>): string | null {
  if (object.customerId !== null) return object.customerId;
  return linksOf(object).flatMap((link) => owners.get(link) ?? [])[0] ?? null;
}

/** From link to link, until a round over all objects tells nothing new: as many rounds as the longest chain has objects. */
function ownersByLink(objects: readonly StripeObject[]): Map<string, string> {
  const owners = new Map<string, string>();
  let known = -1;
  while (known < owners.size) {
    known = owners.size;
    for (const object of objects) {
      const customerId = ownerOf(object, owners);
      if (customerId !== null) for (const link of linksOf(object)) if (!owners.has(link)) owners.set(link, customerId);
    }
  }
  return owners;
}
