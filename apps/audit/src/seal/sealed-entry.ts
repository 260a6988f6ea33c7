import { contentBytes } from '../trail/content.js';
import type { Draft, ReadableContent } from '../trail/content.js';
import { personalFieldsSchema, putBack } from '../trail/personal.js';
import type { PersonalFields } from '../trail/personal.js';
import type { Json } from '../trail/storable.js';
import { blindToken } from './blind-index.js';
import { opened, sealed } from './box.js';

export interface SealingKey {
  id: string;
  key: Buffer;
}

/** What `append_entries` takes: the bytes that are hashed, and what the entry is found by although it is sealed. */
export interface SealedEntry {
  id: string;
  content: Buffer;
  index: { token: Buffer; keyId: string } | null;
}

/** `keyFor` answers undefined for somebody who has been erased: what is theirs is left out, and the entry says so. */
export function sealEntry(
  { content, personal }: Draft,
  keyFor: (person: string | null) => SealingKey | undefined,
  indexKey: Buffer,
): SealedEntry {
  const boxes: { box: string; key: string }[] = [];
  const notes = new Set(content.notes);
  let index: SealedEntry['index'] = null;
  for (const { person, fields } of personal) {
    const key = keyFor(person);
    if (key === undefined) {
      notes.add('personal_data_erased');
      continue;
    }
    const plain = Buffer.from(JSON.stringify(fields), 'utf8');
    boxes.push({ box: sealed(plain, key.key, boundTo(content.id, key.id)).toString('base64'), key: key.id });
    if (fields.ip !== undefined) index = { token: blindToken(indexKey, 'ip', fields.ip), keyId: key.id };
  }
  const complete = { ...content, notes: [...notes].toSorted(), sealed: boxes };
  return { id: content.id, content: contentBytes(complete), index };
}

/** A box opens in its own entry only. */
function boundTo(eventId: string, keyId: string): string {
  return `billhook.audit.box.v1\0${keyId}\0${eventId}`;
}

/** An entry as ops may read it. */
export interface Revealed {
  ip: string | null;
  user_agent: string | null;
  data: Json;
  /** Something was sealed under a key that has been destroyed, or came after its person had been erased. */
  isErased: boolean;
}

/** The ids of the keys that it takes to read it. */
export function keysOf(content: ReadableContent): string[] {
  return content.v === 1 ? [] : content.sealed.map(({ key }) => key);
}

/** `keys` by id, as far as they exist. A box that does not open is treated as one without a key: verify tells them apart. */
export function reveal(content: ReadableContent, keys: ReadonlyMap<string, Buffer>): Revealed {
  if (content.v === 1) {
    const { ip, user_agent, data } = content;
    return { ip, user_agent, data, isErased: false };
  }
  const found: PersonalFields = {};
  let isErased = content.notes.includes('personal_data_erased');
  for (const { box, key } of content.sealed) {
    const fields = fieldsIn(box, keys.get(key), boundTo(content.id, key));
    if (fields === undefined) isErased = true;
    else Object.assign(found, fields);
  }
  const { ip = null, user_agent = null, data = {} } = found;
  return { ip, user_agent, data: putBack(content.data, data), isErased };
}

function fieldsIn(box: string, key: Buffer | undefined, bound: string): PersonalFields | undefined {
  const plain = key === undefined ? undefined : opened(Buffer.from(box, 'base64'), key, bound);
  return plain === undefined ? undefined : personalFieldsSchema.parse(JSON.parse(plain.toString('utf8')));
}
