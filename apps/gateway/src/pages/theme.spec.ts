import { html, stylesheetWith, toTheme, withTheme } from '@billhook/pages';
import { describe, expect, it, test } from '@jest/globals';
import { layout } from './layout.page.js';

const page = layout({ title: 'A page', body: html`<p>words</p>` });

describe('a page', () => {
  it('asks the browser for its theme unless its reader has chosen one', () => {
    expect(withTheme(page, 'system')).toBe(page);
    expect(page).toContain('<html lang="en" data-theme="system">');
    expect(page).toContain('<meta name="color-scheme" content="light dark" />');
  });

  test.each(['dark', 'light'] as const)('wears the chosen theme from its first byte on: %s', (theme) => {
    const dressed = withTheme(page, theme);
    expect(dressed).toContain(`<html lang="en" data-theme="${theme}">`);
    expect(dressed).toContain(`<meta name="color-scheme" content="${theme}" />`);
    expect(dressed).not.toContain('data-theme="system"');
  });
});

describe('a cookie', () => {
  test.each([
    ['dark', 'dark'],
    ['light', 'light'],
    ['system', 'system'],
    ['"><script>', null],
    ['', null],
    [undefined, null],
  ])('%j means %j', (value, theme) => {
    expect(toTheme(value)).toBe(theme);
  });
});

/** The values of one theme: from its name to the end of its block. */
function valuesIn(css: string, opening: string): Record<string, string> {
  const block = css.slice(css.indexOf(opening)).split('}')[0] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--(\w[\w-]*): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [lighter = 0, darker = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}

describe.each([
  ['dark', ':root {', '#2d2d2d'],
  ['light', ':root[data-theme="light"] {', '#ffffff'],
])('in the %s theme', (_, opening, card) => {
  const values = valuesIn(stylesheetWith('/font'), opening);

  test.each(['text', 'soft', 'green', 'purple', 'amber', 'red'])(
    'text in %s can be read on ground and cards',
    (name) => {
      expect(contrast(values[name] ?? '#000000', values['ground'] ?? '#000000')).toBeGreaterThanOrEqual(4.5);
      expect(contrast(values[name] ?? '#000000', card)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it('the edge of a control can be seen', () => {
    expect(contrast(values['control'] ?? '#000000', card)).toBeGreaterThanOrEqual(3);
    expect(contrast(values['control'] ?? '#000000', values['ground'] ?? '#000000')).toBeGreaterThanOrEqual(3);
  });
});
