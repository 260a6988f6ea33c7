import type { Browser } from 'playwright-core';

/**
 * A headless Chromium: the one of the machine (`CHROMIUM_PATH` names another). Playwright is only loaded by whoever asks for it, since
 * most of what imports this room never does.
 */
export async function launchBrowser(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
