/**
 * PostgreSQL as every service uses it: bounded connections, transactions that cannot lie, LISTEN that comes back, and
 * migrations under owners that the services cannot use.
 */
export { hasServerVanished, isDatabaseUnavailable } from './connection-failures.js';
export { DatabaseFailureFilter, withDatabaseFailureNamed } from './database-failure.filter.js';
export { dataSourceOptions } from './data-source.js';
export type { DataSourceSettings } from './data-source.js';
export { databaseCheck, databaseModule } from './data-source.module.js';
export { hangUp } from './hang-up.client.js';
export { listen } from './listen.client.js';
export type { Listener, ListenOptions } from './listen.client.js';
export { runMaintainCommand } from './maintain.command.js';
export { maintain } from './maintenance.store.js';
export type { MaintenanceTask, OwnerQuery } from './maintenance.store.js';
export { MigrateConfig, runMigrateCommand } from './migrate.command.js';
export { grantToService, migrate } from './migrations.store.js';
export type { MigrateOptions, ServiceSchema } from './migrations.store.js';
export { serverKeepAlive } from './server-keep-alive.js';
export { hasSqlState } from './sql-state.js';
export { inTransaction } from './transaction.store.js';
