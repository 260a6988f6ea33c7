import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { parseQuery } from './api/api.controller.js';
import { AppModule } from './app.module.js';
import type { SimulatorConfig } from './config.js';

/** The application, not listening yet. `isQuiet` keeps everything but errors out of the log. */
export async function createApp(config: SimulatorConfig, isQuiet = false): Promise<NestFastifyApplication> {
  // Forced: idle keep-alive connections would hold a shutdown up for seconds. Pages that wait are let go beforehand.
  const adapter = new FastifyAdapter({ forceCloseConnections: true, bodyLimit: 1024 * 1024 });
  const logger = new ConsoleLogger({
    json: true,
    logLevels: isQuiet ? ['error', 'fatal'] : ['log', 'warn', 'error', 'fatal'],
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), adapter, {
    bodyParser: false,
    logger,
  });
  app
    .getHttpAdapter()
    .getInstance()
    .addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
      done(null, parseQuery(String(body)));
    });
  return app;
}
