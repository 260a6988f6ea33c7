/** One try to deliver an event. `status` is the endpoint's answer, or null when there was none. */
export interface Attempt {
  at: string;
  status: number | null;
  error: string | null;
}

/** `held`: chaos keeps it back. `dropped`: it will never be sent. */
type DeliveryState = 'held' | 'queued' | 'sending' | 'retrying' | 'delivered' | 'failed' | 'dropped';

export interface Delivery {
  eventId: string;
  type: string;
  state: DeliveryState;
  attempts: Attempt[];
}

/** Stripe retries for three days; here 12 tries in about six minutes, after which only the events list has it. */
export const maxAttempts = 12;

/** Milliseconds to wait after the n-th failed try (from 1): 1 s, doubling, at most a minute. */
export const retryDelay = (attempts: number) => Math.min(1000 * 2 ** (attempts - 1), 60_000);

export const isSuccess = ({ status }: Attempt) => status !== null && status >= 200 && status < 300;

const ends: readonly DeliveryState[] = ['delivered', 'failed', 'dropped'];
export const isPending = ({ state }: Delivery) => !ends.includes(state);
