import { LiveCatalogue } from '@billhook/catalogue';
import { Refused } from '@billhook/runtime';
import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { freeAccount } from '../account/account-answer.js';
import { SignedIn } from '../sign-in/access.js';
import { entitlementsAnswer, entityTagOf, isKnown } from './entitlements-answer.js';
import { EntitlementsStore } from './entitlements.store.js';

const longestUserId = 255;

/** For the product's own backend, which asks about any user. */
@Controller('v1/users/:id/entitlements')
@SignedIn('api', 'service')
export class EntitlementsController {
  constructor(
    private readonly store: EntitlementsStore,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /** A 304 says in its `as-of` header until when the answer that is known still holds. */
  @Get()
  async read(
    @Param('id') userId: string,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (userId.length > longestUserId) throw new Refused('not_found');
    const { account, asOf } = await this.store.find(userId);
    const answer = entitlementsAnswer(account ?? freeAccount(userId, this.catalogue.current(), asOf), asOf);
    const tag = entityTagOf(answer);
    void reply.header('cache-control', 'private, no-cache').header('etag', tag).header('as-of', answer.as_of);
    if (isKnown(tag, known)) void reply.status(304).send();
    else void reply.send(answer);
  }
}
