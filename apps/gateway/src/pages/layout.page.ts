import { iconPath, stylesheetPath } from './assets.controller.js';
import { html } from './html.js';
import type { Html } from './html.js';

export interface PageParts {
  title: string;
  body: Html;
  /** Which entry of the navigation this page is. */
  place?: 'pricing' | 'profile';
  /** Sends the browser on by itself, without a script. `url` is configuration or this page's own address. */
  refresh?: { afterSeconds: number; url: string };
  /** The address of a script of ours; `refresh` is for browsers that run none then. */
  script?: string;
}

/** The frame of every page. */
export function layout(page: PageParts): string {
  return `<!doctype html>\n${
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="dark" />
        <title>${page.title} · Billhook</title>
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
        <main id="content" class="wrap">${page.body}</main>
        <footer><div class="wrap">Payments are handled by Stripe. Card details never reach this site.</div></footer>
      </body>
    </html>`.text
  }\n`;
}

function refreshOf({ refresh, script }: PageParts): Html | undefined {
  if (refresh === undefined) return undefined;
  const meta = html`<meta http-equiv="refresh" content="${refresh.afterSeconds};url=${refresh.url}" />`;
  return script === undefined ? meta : html`<noscript>${meta}</noscript>`;
}

function navigation(place: PageParts['place']): Html[] {
  const entries = [
    { place: 'pricing', href: '/pricing', label: 'Pricing' },
    { place: 'profile', href: '/profile', label: 'Profile' },
  ] as const;
  return entries.map((entry) =>
    entry.place === place
      ? html`<a href="${entry.href}" aria-current="page">${entry.label}</a>`
      : html`<a href="${entry.href}">${entry.label}</a>`,
  );
}
