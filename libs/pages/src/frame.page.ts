import { html } from './html.js';
import type { Html } from './html.js';
import type { LookPaths } from './look.js';

/** An entry of the navigation. */
export interface Place {
  name: string;
  href: string;
  label: string;
}

/** What all pages of one service have in common. */
export interface Site {
  look: LookPaths;
  home: string;
  /** Behind the brand's name, where it is not the product itself. */
  part?: string;
  places: readonly Place[];
  footer: string;
}

export interface PageParts {
  title: string;
  body: Html;
  /** Which entry of the navigation this page is. */
  place?: string;
  /** For browsers that run no script: sends them on by itself. `url` is configuration or this page's own address. */
  refresh?: { afterSeconds: number; url: string };
  /** The address of a script of ours. */
  script?: string;
}

/** The frame of every page, undecided about its theme: `withTheme` knows these lines. */
export function frame(site: Site, page: PageParts): string {
  return `<!doctype html>\n${
    html`<html lang="en" data-theme="system">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title} · Billhook</title>
        <link rel="preload" href="${site.look.font}" as="font" type="font/woff2" crossorigin />
        <link rel="stylesheet" href="${site.look.css}" />
        <link rel="icon" type="image/svg+xml" href="${site.look.icon}" />
        ${refreshOf(page)} ${page.script !== undefined && html`<script type="module" src="${page.script}"></script>`}
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <div class="wrap">
            <a class="brand" href="${site.home}"
              >Bill<span>hook</span>${site.part !== undefined && html` ${site.part}`}</a
            >
            <nav aria-label="Main">${site.places.map((place) => entry(place, page.place))}</nav>
          </div>
        </header>
        <main id="content" class="wrap" tabindex="-1">${page.body}</main>
        <footer><div class="wrap">${site.footer}</div></footer>
      </body>
    </html>`.text
  }\n`;
}

function refreshOf({ refresh }: PageParts): Html | undefined {
  if (refresh === undefined) return undefined;
  return html`<noscript><meta http-equiv="refresh" content="${refresh.afterSeconds};url=${refresh.url}" /></noscript>`;
}

function entry({ name, href, label }: Place, current: string | undefined): Html {
  return name === current
    ? html`<a href="${href}" aria-current="page">${label}</a>`
    : html`<a href="${href}">${label}</a>`;
}
