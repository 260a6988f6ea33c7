import { at, isRecord, storableNumber, storableText } from './storable.js';
import type { Json, Note } from './storable.js';
import { eventShape, shapeOf } from './stripe-shapes.js';
import type { Field, Kind, Shape } from './stripe-shapes.js';

/** An id, an enum value, an API version. Not a card number: no field that is kept holds one, and this keeps it so. */
const word = /^(?!\d{12,}$)[A-Za-z0-9_.-]{1,255}$/;
const maxTextLength = 255;
const maxListLength = 100;

/**
 * What the trail keeps of a Stripe event: the allow-listed fields of the event and its object, the same fields of
 * `previous_attributes`, and the *names* of all fields that changed (that an e-mail address changed is worth knowing; which it
 * was is not ours to keep). It can be stored as it is, and its names are in order at every depth, as `toStorable` would make it.
 */
export function projectStripeEvent(event: Json, notes: Set<Note>): Json {
  const object = at(event, 'data', 'object');
  const previous = at(event, 'data', 'previous_attributes');
  const kind = at(object, 'object');
  const shape = shapeOf(typeof kind === 'string' ? kind : '');
  return {
    ...(isRecord(previous) ? { changed: namesOf(previous) } : {}),
    event: record(project(event, eventShape, notes)),
    ...(isRecord(object) ? { object: record(project(object, shape, notes)) } : {}),
    ...(isRecord(previous) ? { previous: record(project(previous, shape, notes)) } : {}),
  };
}

function namesOf(previous: { [name: string]: Json }): string[] {
  const names = Object.keys(previous).filter((name) => word.test(name));
  return names.toSorted().slice(0, maxListLength);
}

function project(value: Json, field: Field, notes: Set<Note>): Json | undefined {
  if (typeof field === 'string') return projectValue(value, field, notes);
  if (isList(field)) return projectList(value, field[0], notes);
  return projectRecord(value, field, notes);
}

/** `null` is kept as it is: that `cancel_at` has been taken back is a fact. */
function projectValue(value: Json, kind: Kind, notes: Set<Note>): Json | undefined {
  if (value === null) return null;
  switch (kind) {
    case 'word':
      return wordOf(isRecord(value) ? at(value, 'id') : value);
    case 'number':
      return typeof value === 'number' ? storableNumber(value, notes) : undefined;
    case 'flag':
      return typeof value === 'boolean' ? value : undefined;
    case 'text':
      return typeof value === 'string' ? shortText(value, notes) : undefined;
    default:
      return kind satisfies never;
  }
}

function wordOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && word.test(value) ? value : undefined;
}

/** Left out rather than cut when it is too long: half of a user id is another user's. */
function shortText(value: string, notes: Set<Note>): string | undefined {
  if (value.length <= maxTextLength) return storableText(value, notes);
  notes.add('text_cut');
  return undefined;
}

function projectList(value: Json, field: Kind | Shape, notes: Set<Note>): Json | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length > maxListLength) notes.add('list_cut');
  return value.slice(0, maxListLength).flatMap((each) => {
    const kept = project(each, field, notes);
    return kept === undefined ? [] : [kept];
  });
}

function projectRecord(value: Json, shape: Shape, notes: Set<Note>): Json | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const kept: { [name: string]: Json } = {};
  let isEmpty = true;
  for (const name of Object.keys(shape)) {
    const projected = projectField(at(value, name), shape[name], notes);
    if (projected === undefined) continue;
    kept[name] = projected;
    isEmpty = false;
  }
  return isEmpty ? undefined : kept;
}

function projectField(value: Json | undefined, field: Field | undefined, notes: Set<Note>): Json | undefined {
  return value === undefined || field === undefined ? undefined : project(value, field, notes);
}

function record(value: Json | undefined): { [name: string]: Json } {
  return isRecord(value) ? value : {};
}

function isList(field: Field): field is [Kind | Shape] {
  return Array.isArray(field);
}
