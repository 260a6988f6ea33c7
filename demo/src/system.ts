/** The processes of the system, by the names of their folders. */
export type ServiceName = 'gateway' | 'webhook-ingress' | 'subscription' | 'audit';

/** A system that is up, as a browser, Stripe and ops reach it. */
export interface RunningSystem {
  gatewayUrl: string;
  ingressUrl: string;
  subscriptionUrl: string;
  auditUrl: string;
  simulatorUrl: string;
  webhookSecret: string;
  stripeSecretKey: string;
  managementUrls: Record<ServiceName, string>;
}

/** Made up, and the same everywhere the pretend Stripe runs: here, in .env.example and in docker-compose.yml. */
export const madeUpCredentials = {
  stripeSecretKey: 'sk_test_made_up_for_local_use',
  webhookSecret: 'whsec_made_up_for_local_use',
} as const;

export const managementDistance = 10;

export const defaultPorts: Record<ServiceName | 'stripe-simulator', number> = {
  gateway: 3000,
  'webhook-ingress': 3001,
  subscription: 3002,
  audit: 3003,
  'stripe-simulator': 3004,
};

/** Where a system that somebody else started is: the default ports unless the environment says otherwise. */
export function systemFromEnvironment(environment: NodeJS.ProcessEnv): RunningSystem {
  const url = (name: string, port: number): string => environment[name] || `http://localhost:${port}`;
  const management = (service: ServiceName): string => `http://localhost:${defaultPorts[service] + managementDistance}`;
  return {
    gatewayUrl: url('GATEWAY_URL', defaultPorts.gateway),
    ingressUrl: url('INGRESS_URL', defaultPorts['webhook-ingress']),
    subscriptionUrl: url('SUBSCRIPTION_URL', defaultPorts.subscription),
    auditUrl: url('AUDIT_URL', defaultPorts.audit),
    simulatorUrl: url('SIMULATOR_URL', defaultPorts['stripe-simulator']),
    webhookSecret: environment['STRIPE_WEBHOOK_SECRET'] || madeUpCredentials.webhookSecret,
    stripeSecretKey: environment['STRIPE_SECRET_KEY'] || madeUpCredentials.stripeSecretKey,
    managementUrls: {
      gateway: management('gateway'),
      'webhook-ingress': management('webhook-ingress'),
      subscription: management('subscription'),
      audit: management('audit'),
    },
  };
}
