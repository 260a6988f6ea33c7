/** Where a page of events ended. */
export interface Position {
  recordedAt: Date;
  eventId: string;
}

export function toCursor({ recordedAt, eventId }: Position): string {
  return Buffer.from(`${recordedAt.toISOString()} ${eventId}`).toString('base64url');
}

/** Null for text that no page of ours ended with. */
export function fromCursor(cursor: string): Position | null {
  const [, time, eventId] = /^(\S+) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (time === undefined || eventId === undefined || Number.isNaN(Date.parse(time))) return null;
  return eventId.includes('\0') ? null : { recordedAt: new Date(time), eventId };
}
