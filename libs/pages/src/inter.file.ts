import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Inter, all weights in one file, the Latin part: shipped with the app, so that no font host learns who reads these pages. Under the
 * SIL Open Font License 1.1, which lies beside it in its package.
 */
export const inter: Buffer = readFileSync(
  createRequire(import.meta.url).resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
);
