import type { Theme } from '@billhook/pages';
import type { Caller } from './caller.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking; set by the guard on routes marked `@SignedIn`. */
    caller?: Caller;
    /** The session cookie's token, once it has been verified: what the forms of this answer are bound to. */
    sessionToken?: string;
    /** Which form was sent, once it has been found to be one of ours. */
    formId?: string;
    /** What the caller has chosen; set on pages. */
    theme?: Theme;
  }
}
