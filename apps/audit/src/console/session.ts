import { Refused } from '@billhook/runtime';
import { isOwnForm, readFormToken } from '@billhook/pages';
import type { OriginHeaders } from '@billhook/pages';

/** Where people come with the session's cookie; everywhere else a bearer token counts and nothing else. */
export function isConsole(url: string): boolean {
  return /^\/console(\/|\?|$)/.test(url);
}

/** A form that is sent to the console: whose session, from where, and the token that its page was given. */
export interface SentForm {
  sessionToken: string;
  headers: OriginHeaders;
  formToken: unknown;
}

/** Throws Refused for a form that no page of this session's has sent. */
export function acceptForm({ sessionToken, headers, formToken }: SentForm, publicUrl: string, now: Date): void {
  if (!isOwnForm(headers, new URL(publicUrl).origin)) {
    throw new Refused('origin_not_allowed', 'this form did not come from a page of the console; open it again');
  }
  const reading = readFormToken(sessionToken, formToken, now);
  if (reading.kind !== 'good')
    throw new Refused('form_token_invalid', 'load the page again and send the form from there');
}
