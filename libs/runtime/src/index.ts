/**
 * What every process does alike: settings, logs, errors, health, metrics, tokens, start and stop. Knows nothing of billing.
 */
export { answerClientError, clientErrorCode } from './client-error.js';
export {
  AddressRanges,
  AuthenticatedConfig,
  BrokerUrl,
  CommaSeparated,
  CommonConfig,
  ConfigInvalid,
  DatabaseUrl,
  HttpUrl,
  loadConfig,
  loadConfigOrExit,
  settingNames,
  StripeValue,
} from './config.js';
export { errorTable, Refused, Retryable } from './errors.js';
export type { ErrorCode } from './errors.js';
export type { ReadinessCheck } from './management.module.js';
export { messageOf } from './message-of.js';
export { ProblemFilter, problemFor } from './problem.filter.js';
export type { Problem } from './problem.filter.js';
export { bearerToken, identityOf, OpenToAll, RequireRole, RolesGuard, tokenVerifierToken } from './roles.guard.js';
export { runService, startService } from './run-service.module.js';
export type { RunningService, ServiceOptions } from './run-service.module.js';
export { createTokenVerifier } from './token-verifier.client.js';
export type { Identity, Role, TokenVerifier } from './token-verifier.client.js';
