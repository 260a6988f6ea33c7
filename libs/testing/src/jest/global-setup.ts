const log = (line: string): void => void process.stderr.write(`[infrastructure] ${line}\n`);

/**
 * Once per Jest run, shared by the projects: the servers, their addresses handed to the workers by environment variables.
 * Jest loads this file and what it imports without its transforms: Node itself strips the types, and needs help with names.
 */
export default async function globalSetup(): Promise<void> {
  const names = new URL('./typescript-names.ts', import.meta.url);
  await import(names.href);
  const { startForJest } = await import('./servers.js');
  await startForJest(log);
}
