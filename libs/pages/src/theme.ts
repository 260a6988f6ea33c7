/** What a reader may choose; `system` follows what the browser says. */
export const themes = ['dark', 'light', 'system'] as const;
export type Theme = (typeof themes)[number];

/**
 * Remembers the theme for pages that do not know who is reading: prices, errors, the API. It says nothing about anybody, and nothing
 * depends on it but the look.
 */
export const themeCookie = 'billhook_theme';

export function toTheme(value: unknown): Theme | null {
  return themes.find((theme) => theme === value) ?? null;
}

const undecided = { root: '<html lang="en" data-theme="system">', meta: 'content="light dark"' };

/** Every page is rendered undecided, and gets its theme on its way out, so that no page can forget it. */
export function withTheme(page: string, theme: Theme): string {
  if (theme === 'system') return page;
  return page
    .replace(undecided.root, `<html lang="en" data-theme="${theme}">`)
    .replace(undecided.meta, `content="${theme}"`);
}
