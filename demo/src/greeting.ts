import type { RunningSystem } from './system.js';

/** What a person sees when everything is up: where to look, who to be, how to pay. */
export function greeting(system: RunningSystem): string {
  const management = Object.entries(system.managementUrls).map(
    ([name, url]) => `    ${name.padEnd(16)} ${url}/health/ready`,
  );
  return `
Billhook is up. Everything is local; the Stripe is a pretend one, and no card is ever charged.

  Start here         ${system.gatewayUrl}/pricing
  Your profile       ${system.gatewayUrl}/profile
  Pretend Stripe     ${system.simulatorUrl}          (events, clock, test cards)
  Sign in            ${system.simulatorUrl}/sign-in   (any demo user, no password)
  Audit trail        ${system.auditUrl}/v1/entries   (bearer token of the demo user with role ops)
  Webhook ingress    ${system.ingressUrl}/webhook/stripe

  Demo users         alice, bob, an ops user, or any new name you type
  Test cards         4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined; any future date, any CVC

  Health
${management.join('\n')}

Ctrl-C stops everything and leaves nothing behind.
`;
}
