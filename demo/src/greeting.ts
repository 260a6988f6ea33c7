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
  Console            ${system.auditUrl}/console   (sign in as Olive, ops)
  Pretend Stripe     ${system.simulatorUrl}          (events, clock, test cards)
  Sign in            ${system.simulatorUrl}/sign-in   (any demo user, no password)
  Webhook ingress    ${system.ingressUrl}/webhook/stripe

  Demo users         alice, bob, an ops user, or a new one by e-mail
  Test cards         4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined; any future date, any CVC

  The audit trail, as ops (any shell):
    TOKEN=$(curl -s -H 'content-type: application/json' -d '{"sub":"olive","roles":["ops"]}' \\
      ${system.simulatorUrl}/_simulator/identity/token | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
    curl -s -H "authorization: Bearer $TOKEN" '${system.auditUrl}/v1/entries?limit=5'

  Health
${management.join('\n')}

Ctrl-C stops everything and leaves nothing behind.
`;
}
