import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { projectFile } from './infrastructure/project.js';
import { processSettings } from './process-settings.js';

it.each(Object.entries(processSettings))('the image sets %s to %s', (name, value) => {
  const dockerfile = readFileSync(projectFile('deploy/Dockerfile'), 'utf8');
  expect(dockerfile).toContain(`ENV ${name}="${value}"\n`);
});
