// Exits 0 when node_modules holds exactly what package-lock.json asks for, by npm's own note of what it installed (written
// last, so that an interrupted installation has none). Optional packages of other platforms may be missing.
import { readFileSync } from 'node:fs';

function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

function isCurrent() {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === version : optional === true;
  });
}

try {
  process.exitCode = isCurrent() ? 0 : 1;
} catch {
  process.exitCode = 1; // nothing is installed yet
}
