/** When this service compares itself with Stripe by itself. */
export class ReconcileSettings {
  constructor(
    /** 0: only when asked. */
    readonly catchUpEverySeconds: number,
    /** 0: only when asked. */
    readonly sweepEverySeconds: number,
    /** How long a difference must last to be one: longer than an event is usually under way. */
    readonly settleSeconds: number,
    /** How long a catch-up waits for what it has published to be taken before it calls the step failed. */
    readonly takenWithinSeconds = 30,
  ) {}
}
