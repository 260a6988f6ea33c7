// The rooms and the arrows between them: services share words, not code; the rules stay pure. Checked by `make check`.
/** Specs, and data that only specs use (`x.spec-support.ts`). */
const spec = ['\\.spec\\.ts$', '\\.spec-[a-z]+\\.ts$'];
const production = { pathNot: [...spec, '^libs/testing/', '^demo/', '^e2e/', '^bench/'] };

/** What a lib's own code may import of the other libs: the arrows of the architecture, one way. */
const arrows = {
  contracts: [],
  billing: ['contracts'],
  runtime: [],
  pages: [],
  database: ['runtime'],
  stripe: ['runtime'],
  messaging: ['contracts', 'runtime', 'database'],
  catalogue: ['contracts', 'billing', 'runtime', 'database', 'stripe'],
};

const libArrows = Object.entries(arrows).map(([lib, allowed]) => ({
  name: `arrows-of-${lib}`,
  comment: `libs/${lib} may import ${allowed.length === 0 ? 'no other lib' : `only ${allowed.join(', ')} of the libs`}.`,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: spec },
  to: { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    {
      name: 'no-app-to-app',
      comment: 'Services meet in the broker, never in an import.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-lib-to-app',
      comment: 'Libs know nothing of the apps that use them.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|demo|e2e|bench)/' },
    },
    {
      name: 'no-app-to-demo',
      comment: 'The demo starts the apps; they do not know it.',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^(demo|e2e|bench)/' },
    },
    ...libArrows,
    {
      name: 'testing-only-in-tests',
      comment: 'libs/testing is for specs, e2e, bench and the demo.',
      severity: 'error',
      from: production,
      to: { path: '^libs/testing/' },
    },
    {
      name: 'pure-without-node',
      comment: 'The rules and the contracts do no I/O.',
      severity: 'error',
      from: { path: '^libs/(billing|contracts)/', pathNot: spec },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'contracts-import-only-zod',
      comment: 'Contracts are words: schemas and types.',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: spec },
      to: { path: 'node_modules', pathNot: 'node_modules/zod/' },
    },
    {
      name: 'billing-imports-only-stripe',
      comment: 'The rules know the shapes of Stripe and nothing else from outside.',
      severity: 'error',
      from: { path: '^libs/billing/', pathNot: spec },
      to: { path: 'node_modules', pathNot: 'node_modules/stripe/' },
    },
    {
      name: 'billing-imports-stripe-as-types',
      comment: "`import type`: the rules never call Stripe's client.",
      severity: 'error',
      from: { path: '^libs/billing/', pathNot: spec },
      to: { path: 'node_modules/stripe/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'simulator-shares-nothing',
      comment: 'A pretend Stripe that shared code with the services would share their misunderstandings.',
      severity: 'error',
      from: { path: '^apps/stripe-simulator/' },
      to: { path: '^libs/' },
    },
    {
      name: 'ingress-without-database',
      comment: 'The ingress is stateless: the broker is its only store.',
      severity: 'error',
      from: { path: '^apps/webhook-ingress/', pathNot: spec },
      to: { path: '(^libs/database/|node_modules/(pg|typeorm|@nestjs/typeorm)/)' },
    },
    {
      name: 'amqp-only-in-messaging',
      comment: 'Confirms, settlement and recovery have one home.',
      severity: 'error',
      from: { ...production, pathNot: [...production.pathNot, '^libs/messaging/'] },
      to: { path: 'node_modules/amqplib/' },
    },
    {
      name: 'no-dev-dependency-in-production',
      comment: 'It would be missing in the image.',
      severity: 'error',
      from: production,
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      // Type-only imports vanish in compilation: an entity may name the entity that owns it.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
