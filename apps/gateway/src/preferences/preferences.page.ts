import { html, icons, themes } from '@billhook/pages';
import type { Html, Theme } from '@billhook/pages';
import { layout } from '../pages/layout.page.js';
import { flash } from '../pages/messages.js';
import type { MessageCode } from '../pages/messages.js';
import type { Channel } from './preferences.js';
import type { FieldProblems } from './preferences-form.js';

export interface ChannelChoice {
  channel: Channel;
  isOn: boolean;
  /** Null for one that the plan has; else the plan that has it, or `none`. */
  lockedTo: { planName: string } | 'none' | null;
}

export interface PreferencesPage {
  theme: Theme;
  channels: ChannelChoice[];
  /** As they stand in their fields. */
  typed: { volume_multiple: string; minimum_volume: string };
  problems: FieldProblems;
  message: MessageCode | null;
}

export function preferencesPage(page: PreferencesPage): string {
  const isRefused = Object.keys(page.problems).length > 0;
  return layout({
    title: isRefused ? 'Please check: Preferences' : 'Preferences',
    place: 'preferences',
    body: html`<div class="narrow">
      ${page.message !== null && flash(page.message)}
      <section class="card" aria-labelledby="preferences">
        <h1 id="preferences">Preferences</h1>
        <p class="lead">How these pages look, and what reaches you, by which way.</p>
        <form class="settings" method="post" action="/preferences">
          ${themeChoice(page.theme)} ${channelChoice(page.channels)} ${thresholds(page)}
          <div class="actions"><button class="button green" type="submit">Save preferences</button></div>
        </form>
      </section>
    </div>`,
  });
}

const themeNames: Record<Theme, string> = { dark: 'Dark', light: 'Light', system: 'As my device' };

function themeChoice(chosen: Theme): Html {
  return html`<fieldset>
    <legend>Theme</legend>
    <div class="choices">
      ${themes.map(
        (theme) =>
          html`<label class="choice">
            <input type="radio" name="theme" value="${theme}" ${theme === chosen && html`checked`} />
            ${themeNames[theme]}
          </label>`,
      )}
    </div>
  </fieldset>`;
}

const channelNames: Record<Channel, string> = { email: 'Alerts by e-mail', sms: 'Alerts by SMS' };

function channelChoice(channels: readonly ChannelChoice[]): Html {
  return html`<fieldset>
    <legend>Notifications</legend>
    <div class="channels">${channels.map(channelRow)}</div>
  </fieldset>`;
}

function channelRow({ channel, isOn, lockedTo }: ChannelChoice): Html {
  if (lockedTo === null) {
    return html`<label class="choice">
      <input type="checkbox" name="${channel}" value="on" ${isOn && html`checked`} />
      ${channelNames[channel]}
    </label>`;
  }
  return html`<div class="locked">
    <label class="choice">
      <input type="checkbox" name="${channel}" value="on" disabled aria-describedby="${channel}-lock" />
      ${icons.lock} ${channelNames[channel]}
    </label>
    <span class="small" id="${channel}-lock">${lockNote(channel, lockedTo)}</span>
  </div>`;
}

function lockNote(channel: Channel, lockedTo: NonNullable<ChannelChoice['lockedTo']>): Html {
  if (lockedTo === 'none') return html`<span class="soft">In no plan at present</span>`;
  const { planName } = lockedTo;
  return html`<span class="soft">Comes with ${planName}.</span>
    <a href="/pricing" aria-label="See the plans: ${channelNames[channel].toLowerCase()} come with ${planName}"
      >See the plans</a
    >`;
}

function thresholds({ typed, problems }: PreferencesPage): Html {
  return html`<fieldset>
    <legend>What is worth an alert</legend>
    <div class="fields">
      ${field('volume_multiple', 'Volume multiple', {
        value: typed.volume_multiple,
        hint: 'How many times its usual volume, 1 to 1,000.',
        problem: problems.volume_multiple,
      })}
      ${field('minimum_volume', 'Minimum volume', {
        value: typed.minimum_volume,
        hint: 'Below this volume there is no alert; 0 for none.',
        problem: problems.minimum_volume,
      })}
    </div>
  </fieldset>`;
}

interface Field {
  value: string;
  hint: string;
  problem: string | undefined;
}

/** A text field with a decimal keyboard: a number field would show a comma to some and lose what it cannot read. */
function field(name: string, label: string, { value, hint, problem }: Field): Html {
  const described = problem === undefined ? `${name}-hint` : `${name}-problem ${name}-hint`;
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      value="${value}"
      inputmode="decimal"
      autocomplete="off"
      required
      aria-describedby="${described}"
      ${problem !== undefined && html`aria-invalid="true" autofocus`}
    />
    ${problem !== undefined && html`<p class="problem" id="${name}-problem">${problem}</p>`}
    <p class="hint" id="${name}-hint">${hint}</p>
  </div>`;
}
