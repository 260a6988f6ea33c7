import { projectFile } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';

/** What kills, stalls or misleads a process on request. */
const forTestsOnly = /CRASH_AT|CRASH_WAITS|STALL_MS|CLOCK_OFFSET_MS/;

/** Sources of the image: what is compiled, less what the Dockerfile removes. */
const sources = globSync('{apps,libs}/**/*.{ts,mjs,js,sh}', { cwd: projectFile('.') }).filter(
  (file) => !file.includes('node_modules') && !file.startsWith('libs/testing/') && !/\.spec(-[a-z]+)?\.ts$/.test(file),
);

describe('the production image', () => {
  it('has no crash points: not a file that goes into it knows of them', () => {
    expect(sources.length).toBeGreaterThan(150);
    const suspects = sources.filter((file) => forTestsOnly.test(readFileSync(projectFile(file), 'utf8')));
    expect(suspects).toEqual([]);
  });

  it('has none once compiled either', () => {
    const compiled = globSync('dist/{apps,libs}/**/*.js', { cwd: projectFile('.') });
    const ofTheImage = compiled.filter((file) => !file.startsWith('dist/libs/testing/'));
    const suspects = ofTheImage.filter((file) => forTestsOnly.test(readFileSync(projectFile(file), 'utf8')));
    expect(suspects).toEqual([]);
    // Where somebody has built, the preload is there, and it is what the pattern looks for.
    const preload = projectFile('dist/libs/testing/src/crash/crash-preload.process.js');
    if (existsSync(preload)) expect(readFileSync(preload, 'utf8')).toMatch(forTestsOnly);
  });

  it('is built without what only tests need', () => {
    const dockerfile = readFileSync(projectFile('deploy/Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/rm -rf [^\n]*dist\/libs\/testing/);
    const setByDeployment = globSync('{docker-compose.yml,.env.example,deploy/**/*}', { cwd: projectFile('.') }).filter(
      (file) => /\.[a-z]+$/.test(file),
    );
    for (const file of setByDeployment) expect(readFileSync(projectFile(file), 'utf8')).not.toMatch(forTestsOnly);
  });
});
