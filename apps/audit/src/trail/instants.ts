const microsecondsASecond = 1_000_000n;

/** ISO 8601 UTC with six digits: JavaScript's own dates hold three, and hashes cover six. */
export function toIso(microseconds: bigint): string {
  const seconds = floorDivide(microseconds, microsecondsASecond);
  const fraction = microseconds - seconds * microsecondsASecond;
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  return `${whole}.${String(fraction).padStart(6, '0')}Z`;
}

const iso = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{6}Z$/;
/** Of such a text: up to its milliseconds, which are all that JavaScript reads. */
const millisecondsEnd = 23;

/** The reverse of `toIso`; undefined for what it would not have written. */
export function fromIso(text: string): bigint | undefined {
  if (!iso.test(text)) return undefined;
  const milliseconds = Date.parse(`${text.slice(0, millisecondsEnd)}Z`);
  // February 30 would be read as March 2.
  if (new Date(milliseconds).getUTCDate() !== Number(text.slice(8, 10))) return undefined;
  return BigInt(milliseconds) * 1_000n + BigInt(text.slice(millisecondsEnd, -1));
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
