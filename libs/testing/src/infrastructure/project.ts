import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An absolute path inside the project, whether we run from libs/ or compiled from dist/libs/. */
export function projectFile(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('there is no package.json above libs/testing');
    folder = parent;
  }
  return join(folder, path);
}
