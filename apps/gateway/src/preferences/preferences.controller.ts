import { LiveCatalogue } from '@billhook/catalogue';
import { Refused } from '@billhook/runtime';
import { Body, Controller, Get, Header, Put } from '@nestjs/common';
import { AccountReader } from '../account/account-reader.store.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { channelsOf, defaultPreferences, inEffect, missingChannel } from './preferences.js';
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
    const missing = missingChannel(wanted, entitlements, this.catalogue.current());
    if (missing !== null) throw notEntitled(missing);
    await this.store.save(userId, wanted);
    return { ...inEffect(wanted, entitlements), available_channels: channelsOf(entitlements) };
  }
}

const words: Record<Channel, string> = { email: 'e-mail alerts', sms: 'SMS alerts' };

function notEntitled({ channel, plan }: NonNullable<ReturnType<typeof missingChannel>>): Refused {
  if (plan === null) return new Refused('not_entitled', `no plan includes ${words[channel]}`);
  const detail = `${words[channel]} come with ${plan.name}`;
  return new Refused('not_entitled', detail, { channel, required_tier: plan.tier });
}
