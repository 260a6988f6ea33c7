import { LiveCatalogue } from '@billhook/catalogue';
import type { Entitlements } from '@billhook/contracts';
import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AccountReader } from '../account/account-reader.store.js';
import { isMessageCode } from '../pages/messages.js';
import { redirect, sendPage } from '../pages/reply.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { channels, channelsOf, defaultPreferences, inEffect, planWith, refuseMissing } from './preferences.js';
import type { Channel, Preferences } from './preferences.js';
import { readForm } from './preferences-form.js';
import { preferencesPage } from './preferences.page.js';
import type { ChannelChoice } from './preferences.page.js';
import { PreferencesForm } from './preferences.request.js';
import { PreferencesStore } from './preferences.store.js';

@Controller('preferences')
@SignedIn('page')
export class PreferencesPagesController {
  constructor(
    private readonly store: PreferencesStore,
    private readonly accounts: AccountReader,
    private readonly catalogue: LiveCatalogue,
  ) {}

  @Get()
  async show(
    @CurrentCaller() { userId }: Caller,
    @Query('message') message: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { entitlements } = await this.accounts.read(userId);
    const { theme, notifications, alert_thresholds } = inEffect(await this.chosenBy(userId), entitlements);
    const typed = {
      volume_multiple: String(alert_thresholds.volume_multiple),
      minimum_volume: String(alert_thresholds.minimum_volume),
    };
    const choices = this.choices(notifications, entitlements);
    const shown = isMessageCode(message) ? message : null;
    sendPage(reply, preferencesPage({ theme, channels: choices, typed, problems: {}, message: shown }));
  }

  /** Throws Refused not_entitled for a box that was locked on the page. */
  @Post()
  async save(
    @CurrentCaller() { userId }: Caller,
    @Body() form: PreferencesForm,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { entitlements } = await this.accounts.read(userId);
    const reading = readForm(form);
    if (reading.kind === 'unreadable') {
      const { theme, notifications } = reading.preferences;
      const choices = this.choices(notifications, entitlements);
      const page = { theme, channels: choices, typed: form, problems: reading.problems, message: null };
      return sendPage(reply.status(400), preferencesPage(page));
    }
    refuseMissing(reading.preferences, entitlements, this.catalogue.current());
    await this.store.save(userId, await this.withLocked(userId, reading.preferences, entitlements));
    redirect(reply, '/preferences?message=saved');
  }

  private async chosenBy(userId: string): Promise<Preferences> {
    return (await this.store.find(userId)) ?? defaultPreferences;
  }

  /** What a form cannot say because the plan locks it stays as it was chosen, for the next plan that has it. */
  private async withLocked(userId: string, wanted: Preferences, entitlements: Entitlements): Promise<Preferences> {
    const before = await this.chosenBy(userId);
    const open = channelsOf(entitlements);
    const of = (channel: Channel) => (open.includes(channel) ? wanted : before).notifications[channel];
    return { ...wanted, notifications: { email: of('email'), sms: of('sms') } };
  }

  private choices(isOn: Preferences['notifications'], entitlements: Entitlements): ChannelChoice[] {
    const open = channelsOf(entitlements);
    return channels.map((channel) => {
      const plan = planWith(channel, this.catalogue.current());
      const lock = plan === null ? 'none' : { planName: plan.name };
      return { channel, isOn: isOn[channel], lockedTo: open.includes(channel) ? null : lock };
    });
  }
}
