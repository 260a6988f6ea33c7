import { frame } from '@billhook/pages';
import type { PageParts, Site } from '@billhook/pages';
import { look } from './assets.controller.js';

const places = [
  { name: 'pricing', href: '/pricing', label: 'Pricing' },
  { name: 'profile', href: '/profile', label: 'Profile' },
  { name: 'preferences', href: '/preferences', label: 'Preferences' },
] as const;

const site: Site = {
  look: look.paths,
  home: '/pricing',
  places,
  footer: 'Payments are handled by Stripe. Card details never reach this site.',
};

/** A page of the users' door. */
export function layout(page: PageParts & { place?: (typeof places)[number]['name'] }): string {
  return frame(site, page);
}
