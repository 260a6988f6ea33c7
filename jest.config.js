// ESM throughout: Nest 12 is ESM-only. Types are checked by `tsc --noEmit` in `make check`, not here.
const alias = { '^@billhook/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts', '^(\\.{1,2}/.*)\\.js$': '$1' };
const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: alias,
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  setupFiles: ['<rootDir>/libs/testing/src/jest/quiet-logs.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tools/'],
};
const infrastructure = {
  globalSetup: '<rootDir>/libs/testing/src/jest/global-setup.ts',
  globalTeardown: '<rootDir>/libs/testing/src/jest/global-teardown.ts',
};

export default {
  rootDir: import.meta.dirname,
  // Real servers on a busy machine: a time-out is for what hangs, not for what is slow.
  testTimeout: 120_000,
  projects: [
    {
      ...shared,
      displayName: 'spec',
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.(int|e2e|faults)\\.spec\\.ts$'],
    },
    { ...shared, ...infrastructure, displayName: 'int', testMatch: ['**/*.int.spec.ts'] },
    { ...shared, ...infrastructure, displayName: 'e2e', testMatch: ['<rootDir>/e2e/**/*.e2e.spec.ts'] },
    // Each file brings servers of its own, to kill: `make test-faults`.
    { ...shared, displayName: 'faults', testMatch: ['<rootDir>/e2e/faults/*.faults.spec.ts'] },
  ],
};
