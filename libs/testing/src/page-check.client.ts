import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { projectFile } from './infrastructure/project.js';

export const widths = { phone: 375, desktop: 1440 } as const;
export type Width = keyof typeof widths;
export type Scheme = 'dark' | 'light';

/** A fresh browser, with nothing cached, on somebody's device. */
export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the browser itself complains of: blocked by the policy, not found, an error in a script. */
  complaints: string[];
}

/** What a browser says of a page that it has just loaded for the first time. */
export interface Loaded {
  status: number;
  /** Everything that came over the wire, headers included. */
  bytes: number;
  /** To a thousandth; 0.1 is what counts as good, and what is below a thousandth is rounding in the browser's own layout. */
  layoutShift: number;
}

/** Counts from the first paint on. */
const watchShifts = `globalThis.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => { globalThis.shifts += value; }))
  .observe({ type: 'layout-shift', buffered: true });`;

export async function visit(
  browser: Browser,
  device: { scheme: Scheme; width: Width },
  cookie?: { name: string; value: string; url: string },
): Promise<Visit> {
  const viewport = { width: widths[device.width], height: 900 };
  const context = await browser.newContext({ colorScheme: device.scheme, viewport, reducedMotion: 'reduce' });
  if (cookie !== undefined) await context.addCookies([cookie]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A status that is no success is the page's own business here.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript(watchShifts);
  return { context, page, complaints };
}

/** Asks once the font is there, or is not to be, and two frames have been painted with it. */
const measure = `document.fonts.ready
  .then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  .then(() => ({
    bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .reduce((sum, { transferSize }) => sum + transferSize, 0),
    layoutShift: Math.round(globalThis.shifts * 1000) / 1000,
  }))`;

export async function load(page: Page, url: string): Promise<Loaded> {
  const response = await page.goto(url, { waitUntil: 'load' });
  const measured: Omit<Loaded, 'status'> = await page.evaluate(measure);
  return { status: response?.status() ?? 0, ...measured };
}

/** Only what is wrong is asked for: writing down what is right takes longer. No rule of these looks into style sheets (`preload`). */
const runAxe = `axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'], preload: false })
  .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`;

/** What axe-core finds, each with where. Evaluated past the page's policy, which stays as strict as it is. Loaded only by who asks. */
export async function violations(page: Page): Promise<string[]> {
  // Half a megabyte of script: parsed once for each page, however often it is asked.
  if (!(await page.evaluate(`'axe' in globalThis`))) {
    const { default: axe } = await import('axe-core');
    await page.evaluate(axe.source);
  }
  return page.evaluate(runAxe);
}

/** How far a page can be scrolled sideways. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Into `screenshots/`, which is not kept: for whoever wants to look, and asks with SCREENSHOTS=1. It takes longer than the checks. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (process.env['SCREENSHOTS'] !== '1') return;
  const folder = projectFile('screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
