import { html } from './html.js';
import type { Html } from './html.js';

/** Drawn, not written: a glyph or an emoji needs a font that the reader may not have. None of them is read aloud. */
const drawn = (strokes: Html): Html =>
  html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
    ${strokes}
  </svg>`;

export const icons = {
  check: drawn(html`<path d="M5 12.5l4.5 4.5L19 7.5" />`),
  info: drawn(html`<circle cx="12" cy="12" r="9" /><path d="M12 11v5.5M12 7.5v.01" />`),
  alert: drawn(html`<path d="M12 3.5L22 20.5H2z" /><path d="M12 10v4.5M12 17.5v.01" />`),
  cross: drawn(html`<circle cx="12" cy="12" r="9" /><path d="M9 9l6 6M15 9l-6 6" />`),
  lock: drawn(html`<rect x="5" y="10.5" width="14" height="10" rx="2.5" /><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3" />`),
  card: drawn(html`<rect x="2.5" y="5" width="19" height="14" rx="2.5" /><path d="M2.5 10h19M6.5 15h4" />`),
} as const satisfies Record<string, Html>;
