import { LiveCatalogue } from '@billhook/catalogue';
import { Controller, Get, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { GatewayConfig } from '../config.js';
import { isMessageCode } from '../pages/messages.js';
import { sendPage } from '../pages/reply.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { AccountReader } from './account-reader.store.js';
import { BillingDetailsReader } from './billing-details.client.js';
import { profilePage } from './profile.page.js';
import { profileView } from './profile-view.js';

@Controller('profile')
@SignedIn('page')
export class ProfileController {
  constructor(
    private readonly accounts: AccountReader,
    private readonly details: BillingDetailsReader,
    private readonly config: GatewayConfig,
    private readonly catalogue: LiveCatalogue,
  ) {}

  @Get()
  async show(
    @CurrentCaller() caller: Caller,
    @Query('message') message: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const account = await this.accounts.answer(caller.userId);
    const page = profilePage({
      view: profileView(account, this.catalogue.current(), await this.details.read(account, Date.now())),
      email: caller.email,
      message: isMessageCode(message) ? message : null,
      dashboardUrl: this.config.DASHBOARD_URL,
    });
    sendPage(reply, page);
  }
}
