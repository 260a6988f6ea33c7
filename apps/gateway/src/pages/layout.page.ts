import { fontPath, iconPath, stylesheetPath } from './assets.controller.js';
import { html } from './html.js';
import type { Html } from './html.js';

export interface PageParts {
  title: string;
  body: Html;
  /** Which entry of the navigation this page is. */
  place?: 'pricing' | 'profile' | 'preferences';
  /** For browsers that run no script: sends them on by itself. `url` is configuration or this page's own address. */
  refresh?: { afterSeconds: number; url: string };
  /** The address of a script of ours. */
  script?: string;
}

/** The frame of every page, undecided about its theme: `withTheme` knows these lines. */
export function layout(page: PageParts): string {
  return `<!doctype html>\n${
    html`<html lang="en" data-theme="system">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title} · Billhook</title>
        <link rel="preload" href="${fontPath}" as="font" type="font/woff2" crossorigin />
        <link rel="stylesheet" href="${stylesheetPath}" />
        <link rel="icon" type="image/svg+xml" href="${iconPath}" />
        ${refreshOf(page)} ${page.script !== undefined && html`<script type="module" src="${page.script}"></script>`}
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <div class="wrap">
            <a class="brand" href="/pricing">Bill<span>hook</span></a>
            <nav aria-label="Main">${navigation(page.place)}</nav>
          </div>
        </header>
        <main id="content" class="wrap" tabindex="-1">${page.body}</main>
        <footer><div class="wrap">Payments are handled by Stripe. Card details never reach this site.</div></footer>
      </body>
    </html>`.text
  }\n`;
}

function refreshOf({ refresh }: PageParts): Html | undefined {
  if (refresh === undefined) return undefined;
  return html`<noscript><meta http-equiv="refresh" content="${refresh.afterSeconds};url=${refresh.url}" /></noscript>`;
}

function navigation(place: PageParts['place']): Html[] {
  const entries = [
    { place: 'pricing', href: '/pricing', label: 'Pricing' },
    { place: 'profile', href: '/profile', label: 'Profile' },
    { place: 'preferences', href: '/preferences', label: 'Preferences' },
  ] as const;
  return entries.map((entry) =>
    entry.place === place
      ? html`<a href="${entry.href}" aria-current="page">${entry.label}</a>`
      : html`<a href="${entry.href}">${entry.label}</a>`,
  );
}
