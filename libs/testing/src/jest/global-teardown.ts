/** Stops what the global setup started; the module is the same instance. */
export default async function globalTeardown(): Promise<void> {
  const { stopForJest } = await import('./servers.js');
  await stopForJest();
}
