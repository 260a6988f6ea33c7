// Loaded with `node --import` by tests only: a process whose clock is wrong by CLOCK_OFFSET_MS, and steps to CLOCK_STEP_MS
// at SIGUSR2. Timers run on the monotonic clock and are not touched, as on a machine whose clock is set.
const RealDate = Date;
let offsetMs = Number(process.env['CLOCK_OFFSET_MS'] ?? '0');

const now = (): number => RealDate.now() + offsetMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, parameters: unknown[], newTarget): object => {
    const made: unknown = Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, newTarget);
    if (!(made instanceof RealDate)) throw new Error('not a date');
    return made;
  },
  apply: () => new RealDate(now()).toString(),
  get: (target, name): unknown => (name === 'now' ? now : Reflect.get(target, name)),
});

process.on('SIGUSR2', () => (offsetMs = Number(process.env['CLOCK_STEP_MS'] ?? '0')));
