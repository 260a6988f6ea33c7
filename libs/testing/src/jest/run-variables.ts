/** The environment variables by which Jest's workers find the servers of their run. */
export const runVariables = {
  /** a short id: everything this run makes on a server is named `bh_<run>_…` */
  run: 'BILLHOOK_TEST_RUN',
  databaseAdminUrl: 'BILLHOOK_TEST_DATABASE_ADMIN_URL',
  rabbitmqUrl: 'BILLHOOK_TEST_RABBITMQ_URL',
  managementUrl: 'BILLHOOK_TEST_RABBITMQ_MANAGEMENT_URL',
} as const;

/** The value of one of them; rejects outside a spec that has the global setup. */
export function runVariable(name: keyof typeof runVariables): string {
  const value = process.env[runVariables[name]];
  if (value) return value;
  throw new Error('no servers here: only *.int.spec.ts and *.e2e.spec.ts files get a database and a broker');
}
