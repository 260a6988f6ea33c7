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
        ${page.refresh && html`<meta http-equiv="refresh" content="${page.refresh.afterSeconds};url=${page.refresh.url}" />`}
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
