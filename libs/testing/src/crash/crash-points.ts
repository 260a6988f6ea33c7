/**
 * The places at which a process can be killed, by the passage of which boundary (the broker's client, the database's client,
 * the HTTP server). The services know nothing of them: a preload that only tests load stands at those boundaries.
 */
export const crashPoints = {
  I1: 'a delivery has arrived, its signature is not checked yet',
  I2: 'verified, not published yet',
  I3: 'published, not confirmed yet',
  I4: 'confirmed by the broker, 200 not said yet',
  I5: '200 written, perhaps not on the wire yet',
  C1: 'a message was delivered to the consumer',
  C2: 'its event is in the inbox, nothing else is written',
  C3: 'the state is written, the transaction is open',
  C4: 'everything is written, COMMIT is not sent yet',
  C5: 'COMMIT is sent, its answer has not come',
  C6: 'committed, not acknowledged yet',
  C7: 'acknowledged, perhaps not on the wire yet',
  O1: 'an event lies committed in the outbox, not published yet',
  O2: 'published from the outbox, not confirmed yet',
  O3: 'confirmed by the broker, not marked as sent yet',
  O4: 'marked as sent',
  A1: 'a message was delivered to the trail',
  A2: 'the append, mostly a transaction by itself, is not sent yet',
  A3: 'the append is sent, its answer has not come',
  A4: 'the append is answered, and so committed unless it was part of more',
  A5: 'appended for good, not acknowledged yet',
} as const;

export type CrashPoint = keyof typeof crashPoints;

export function isCrashPoint(name: string): name is CrashPoint {
  return Object.hasOwn(crashPoints, name);
}

/** The kill that `CRASH_AT` asks for: `<name>:<nth>`, the nth passage since it is armed. */
export interface Crash {
  point: CrashPoint;
  nth: number;
}

export function parseCrash(text: string): Crash {
  const [name = '', nth = '1'] = text.split(':');
  if (!isCrashPoint(name)) throw new Error(`CRASH_AT names no crash point: ${name}`);
  if (!/^[1-9]\d*$/.test(nth)) throw new Error(`CRASH_AT needs a passage from 1 on, not ${nth}`);
  return { point: name, nth: Number(nth) };
}
