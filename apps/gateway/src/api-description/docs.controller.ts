import { sessionCookie } from '@billhook/pages';
import { Controller, Get, Res } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { GatewayConfig } from '../config.js';
import { sendPage } from '../pages/reply.js';
import { Routes } from '../sign-in/routes.module.js';
import { docsPage } from './docs.page.js';
import { describedRoutes, openApiDocument } from './openapi.js';
import { operations } from './operations.js';

/** What can be asked here, for people and for programs. */
@Controller()
export class DocsController implements OnApplicationBootstrap {
  private page = '';
  private document = '';

  constructor(
    private readonly routes: Routes,
    private readonly config: GatewayConfig,
  ) {}

  /** Both stay as they are for as long as the process lives. */
  onApplicationBootstrap(): void {
    const described = describedRoutes(this.routes.all(), operations);
    const { PUBLIC_URL } = this.config;
    this.page = docsPage(described);
    this.document = JSON.stringify(
      openApiDocument(described, { url: PUBLIC_URL, cookieName: sessionCookie(PUBLIC_URL).name }),
    );
  }

  @Get('docs')
  docs(@Res() reply: FastifyReply): void {
    sendPage(reply, this.page);
  }

  @Get('openapi.json')
  openApi(@Res() reply: FastifyReply): void {
    void reply.header('cache-control', 'public, max-age=300').type('application/json').send(this.document);
  }
}
