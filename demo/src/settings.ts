import type { Place } from './place.store.js';
import { madeUpCredentials, managementDistance } from './system.js';
import type { RunningSystem, ServiceName } from './system.js';

export type ProcessName = ServiceName | 'stripe-simulator';
export type Ports = Record<ProcessName, number>;
export type Settings = Record<string, string>;

const audience = 'billhook';

/** Whoever tries, tests or measures the system comes from this one machine, and may be in a hurry. */
const withoutLimits: Settings = {
  RATE_LIMIT_USER_CHANGES: '0',
  RATE_LIMIT_ADDRESS_CHANGES: '0',
  RATE_LIMIT_USER_READS: '0',
  RATE_LIMIT_ADDRESS_READS: '0',
};

/** Made up, and visibly so: nothing that a demo seals has to be kept from anybody. */
const madeUpAuditKeys: Settings = {
  AUDIT_MASTER_KEY: Buffer.from('made-up master key, local only. ').toString('base64'),
  AUDIT_INDEX_KEY: Buffer.from('made-up index key, local only.. ').toString('base64'),
  AUDIT_CHECKPOINT_KEY: Buffer.from('made-up checkpoint key, local.. ').toString('base64'),
};

const prices: Settings = {
  STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
  STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
  STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
  STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
};

/** Names for the browser: `localhost`, so that cookies and links agree with what a person types. */
export function systemAt(ports: Ports): RunningSystem {
  const url = (name: ProcessName): string => `http://localhost:${ports[name]}`;
  const management = (name: ServiceName): string => `http://localhost:${ports[name] + managementDistance}`;
  return {
    gatewayUrl: url('gateway'),
    ingressUrl: url('webhook-ingress'),
    subscriptionUrl: url('subscription'),
    auditUrl: url('audit'),
    simulatorUrl: url('stripe-simulator'),
    ...madeUpCredentials,
    managementUrls: {
      gateway: management('gateway'),
      'webhook-ingress': management('webhook-ingress'),
      subscription: management('subscription'),
      audit: management('audit'),
    },
  };
}

/** What each process finds in its environment: its own settings and no other's. */
export function settingsFor(ports: Ports, place: Place): Record<ProcessName, Settings> {
  const system = systemAt(ports);
  const auth = {
    AUTH_ISSUER: system.simulatorUrl,
    AUTH_AUDIENCE: audience,
    AUTH_JWKS_URL: `${system.simulatorUrl}/.well-known/jwks.json`,
  };
  const stripe = { STRIPE_SECRET_KEY: system.stripeSecretKey, STRIPE_API_BASE: system.simulatorUrl, ...prices };
  const own = (name: ServiceName): Settings => ({
    PORT: String(ports[name]),
    MANAGEMENT_PORT: String(ports[name] + managementDistance),
    RABBITMQ_URL: place.rabbitmqUrl,
  });
  return {
    gateway: {
      ...own('gateway'),
      ...auth,
      ...stripe,
      DATABASE_URL: place.databaseUrls.gateway,
      PUBLIC_URL: system.gatewayUrl,
      SIGN_IN_URL: `${system.simulatorUrl}/sign-in`,
      DASHBOARD_URL: `${system.gatewayUrl}/profile`,
      CORS_ORIGINS: system.simulatorUrl,
      ...withoutLimits,
    },
    'webhook-ingress': {
      ...own('webhook-ingress'),
      STRIPE_WEBHOOK_SECRET: system.webhookSecret,
      STRIPE_LIVEMODE: 'false',
    },
    subscription: { ...own('subscription'), ...auth, ...stripe, DATABASE_URL: place.databaseUrls.subscription },
    audit: {
      ...own('audit'),
      ...auth,
      ...madeUpAuditKeys,
      AUDIT_CHECKPOINT_PATH: place.checkpointPath,
      PUBLIC_URL: system.auditUrl,
      SIGN_IN_URL: `${system.simulatorUrl}/sign-in`,
      SUBSCRIPTION_URL: system.subscriptionUrl,
      DATABASE_URL: place.databaseUrls.audit,
    },
    'stripe-simulator': {
      PORT: String(ports['stripe-simulator']),
      STRIPE_SECRET_KEY: system.stripeSecretKey,
      STRIPE_WEBHOOK_SECRET: system.webhookSecret,
      WEBHOOK_URL: `${system.ingressUrl}/webhook/stripe`,
      PUBLIC_URL: system.simulatorUrl,
      GATEWAY_URL: system.gatewayUrl,
      AUTH_AUDIENCE: audience,
      ...prices,
    },
  };
}
