import { frame, html, icons } from '@billhook/pages';
import type { Html, PageParts, Site } from '@billhook/pages';
import { look } from './console-assets.controller.js';

const places = [
  { name: 'search', href: '/console', label: 'Search' },
  { name: 'chain', href: '/console/chain', label: 'Chain' },
  { name: 'parked', href: '/console/parked', label: 'Parked events' },
] as const;

const site: Site = {
  look: look.paths,
  home: '/console',
  part: 'Console',
  places,
  footer: 'Every look at this console is an entry of the audit trail.',
};

type ConsolePage = Omit<PageParts, 'refresh'> & { place?: (typeof places)[number]['name'] };

export function consolePage({ body, ...page }: ConsolePage): string {
  return frame(site, { ...page, body: html`<div class="console">${body}</div>` });
}

/** A sentence that stands out. `bad` and `warn` are read out at once. */
export function notice(tone: 'good' | 'info' | 'warn' | 'bad', text: string | Html): Html {
  const isUrgent = tone === 'bad' || tone === 'warn';
  return html`<div class="flash ${tone}" role="${isUrgent ? 'alert' : 'status'}">
    ${isUrgent ? icons.alert : tone === 'good' ? icons.check : icons.info}
    <p>${text}</p>
  </div>`;
}

/** `2026-11-23 09:00:01 UTC`. `instant` is ISO 8601 UTC. */
export function moment(instant: string): string {
  return `${instant.slice(0, 19).replace('T', ' ')} UTC`;
}

/** An address with what is set of `values`. */
export function addressWith(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((each): each is [string, string] => each[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

export const entryAddress = (id: string): string => `/console/entries/${encodeURIComponent(id)}`;
export const userAddress = (id: string): string => `/console/users/${encodeURIComponent(id)}`;
export const parkedAddress = (id: string): string => `/console/parked/${encodeURIComponent(id)}`;

/** As it is, indented. */
export function jsonBlock(value: unknown): Html {
  return html`<pre class="whole"><code>${JSON.stringify(value, null, 2) ?? 'nothing'}</code></pre>`;
}
