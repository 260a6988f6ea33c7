import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AuditConfig } from '../config.js';
import { ConsoleErrorFilter } from './console-error.filter.js';

/** Cookies, security headers and error answers, before the service listens. */
export async function configureConsole(app: NestFastifyApplication, config: AuditConfig): Promise<void> {
  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        // Files of ours, and what they ask of us: nothing inline, nothing from elsewhere.
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        // Browsers hold a form's redirects to this too: a form sent after the session's end goes to the sign-in page.
        formAction: ["'self'", new URL(config.SIGN_IN_URL).origin],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    // A browser that was once told to use https for localhost would refuse every other project on it.
    hsts: config.PUBLIC_URL.startsWith('https:') && { maxAge: 31_536_000, includeSubDomains: false },
    frameguard: { action: 'deny' },
    // An address of the console holds what was looked for.
    referrerPolicy: { policy: 'same-origin' },
  });
  app.useGlobalFilters(new ConsoleErrorFilter(config));
}
