import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';

type Tone = 'good' | 'info' | 'warn' | 'bad';

/**
 * What a redirect may make the next page say. Codes, never text: a link that someone else has made must not be able to put
 * words into our mouth.
 */
const messages = {
  cancel_scheduled: {
    tone: 'good',
    text: 'Your subscription will not renew. You keep your plan until the date below.',
  },
  canceled_now: {
    tone: 'good',
    text: 'Your subscription has been canceled, effective immediately. Nothing more is charged.',
  },
  changed: { tone: 'good', text: 'Stripe has taken the change of your plan.' },
  refreshed: { tone: 'info', text: 'Stripe has been asked. What has changed there shows here in a moment, by itself.' },
  saved: { tone: 'good', text: 'Your preferences are saved.' },
  change_scheduled: {
    tone: 'good',
    text: 'Your plan will change. You keep what you have paid for until the date below.',
  },
  already_subscribed: { tone: 'info', text: 'This is the plan that you have, so nothing was bought or changed.' },
  no_subscription: { tone: 'info', text: 'There is no subscription to change. Choose a plan to begin.' },
  resuming: {
    tone: 'info',
    text: 'Stripe has been told to let your subscription go on. Your plan shows here by itself once its payment has come in.',
  },
  resume_unpaid: {
    tone: 'warn',
    text: 'Your card was declined, so your subscription is still paused. Finish the payment, and your plan is back.',
  },
  resumed: { tone: 'good', text: 'Welcome back: your subscription will renew as before.' },
} as const satisfies Record<string, { tone: Tone; text: string }>;

export type MessageCode = keyof typeof messages;

export function isMessageCode(value: unknown): value is MessageCode {
  return typeof value === 'string' && Object.hasOwn(messages, value);
}

export function flash(code: MessageCode): Html {
  return banner(messages[code].tone, messages[code].text);
}

const marks = { good: icons.check, info: icons.info, warn: icons.alert, bad: icons.cross } as const satisfies Record<
  Tone,
  Html
>;

/** A box above the page's content; `tone` is also told by its mark, not by colour alone. */
export function banner(tone: Tone, text: string | Html): Html {
  return html`<div class="flash ${tone}" role="status">
    ${marks[tone]}
    <p>${text}</p>
  </div>`;
}
