import { LiveCatalogue } from '@billhook/catalogue';
import { Body, Controller, Get, Header, Put } from '@nestjs/common';
import { AccountReader } from '../account/account-reader.store.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { channelsOf, defaultPreferences, inEffect, refuseMissing } from './preferences.js';
import type { Channel, Preferences } from './preferences.js';
import { PreferencesRequest } from './preferences.request.js';
import { PreferencesStore } from './preferences.store.js';

/** What is in effect, and which channels the plan has: those may be switched on. */
export type PreferencesAnswer = Preferences & { available_channels: Channel[] };

@Controller('v1/preferences')
@SignedIn('api')
export class PreferencesController {
  constructor(
    private readonly store: PreferencesStore,
    private readonly accounts: AccountReader,
    private readonly catalogue: LiveCatalogue,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  async read(@CurrentCaller() { userId }: Caller): Promise<PreferencesAnswer> {
    const { entitlements } = await this.accounts.read(userId);
    const chosen = (await this.store.find(userId)) ?? defaultPreferences;
    return { ...inEffect(chosen, entitlements), available_channels: channelsOf(entitlements) };
  }

  /** Throws Refused not_entitled, and keeps what was there, when a channel is wanted that the plan lacks. */
  @Put()
  @Header('cache-control', 'no-store')
  async replace(@CurrentCaller() { userId }: Caller, @Body() wanted: PreferencesRequest): Promise<PreferencesAnswer> {
    const { entitlements } = await this.accounts.read(userId);
    refuseMissing(wanted, entitlements, this.catalogue.current());
    await this.store.save(userId, wanted);
    return { ...inEffect(wanted, entitlements), available_channels: channelsOf(entitlements) };
  }
}
