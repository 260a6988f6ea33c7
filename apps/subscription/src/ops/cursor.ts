import type { InboxPosition } from '@billhook/messaging';
import { Refused } from '@billhook/runtime';

export function toCursor({ recordedAt, eventId }: InboxPosition): string {
  return Buffer.from(`${recordedAt.toISOString()} ${eventId}`).toString('base64url');
}

/** Null for text that no page of ours ended with. */
export function fromCursor(cursor: string): InboxPosition | null {
  const [, time, eventId] = /^(\S+) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (time === undefined || eventId === undefined || Number.isNaN(Date.parse(time))) return null;
  return eventId.includes('\0') ? null : { recordedAt: new Date(time), eventId };
}

/** Of a request; throws Refused for one that is not ours. */
export function positionOf(cursor: string | undefined): InboxPosition | undefined {
  if (cursor === undefined) return undefined;
  const position = fromCursor(cursor);
  if (position === null) throw new Refused('request_invalid', 'cursor must be the next_cursor of the page before');
  return position;
}
