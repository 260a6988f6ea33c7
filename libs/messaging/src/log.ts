import { Logger } from '@nestjs/common';

/** A pino logger fits; without one, Nest's logger (which nestjs-pino replaces) is written to. */
export interface MessagingLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export function nestLog(context: string): MessagingLog {
  const logger = new Logger(context);
  return {
    info: (fields, msg) => logger.log({ ...fields, msg }),
    warn: (fields, msg) => logger.warn({ ...fields, msg }),
    error: (fields, msg) => logger.error({ ...fields, msg }),
  };
}
