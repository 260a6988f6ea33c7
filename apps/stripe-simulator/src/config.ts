import { z } from 'zod';

const absent = (value: unknown) => (value === '' ? undefined : value);
const optional = <S extends z.ZodType>(schema: S) => z.preprocess(absent, schema);
const priceId = (fallback: string) => optional(z.string().default(fallback));
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

/** The complete list of the simulator's environment. An empty optional setting counts as absent. */
const environment = z.object({
  PORT: optional(z.coerce.number().int().min(0).max(65535).default(3004)),
  /** Loopback unless told otherwise: anyone who reaches this port can pay, cancel and move the clock. */
  HOST: optional(z.string().default('127.0.0.1')),
  STRIPE_SECRET_KEY: z
    .string({ error: 'is missing' })
    .startsWith('sk_test_', { error: 'must start with sk_test_: a pretend Stripe never handles a live key' }),
  /** May be a comma-separated list during a rotation, as for the services; each delivery is signed with every one. */
  STRIPE_WEBHOOK_SECRET: z
    .string({ error: 'is missing' })
    .transform((list) => list.split(',').map((secret) => secret.trim()))
    .refine((secrets) => secrets.every((secret) => /^whsec_.+/.test(secret)), { error: 'must start with whsec_' }),
  /** Where events are POSTed; without it they are only listed. */
  WEBHOOK_URL: optional(httpUrl.optional()),
  /** How many deliveries are under way at once. */
  WEBHOOK_CONCURRENCY: optional(z.coerce.number().int().min(1).max(256).default(8)),
  STRIPE_PRO_MONTHLY_PRICE_ID: priceId('price_pro_monthly'),
  STRIPE_PRO_YEARLY_PRICE_ID: priceId('price_pro_yearly'),
  STRIPE_ELITE_MONTHLY_PRICE_ID: priceId('price_elite_monthly'),
  STRIPE_ELITE_YEARLY_PRICE_ID: priceId('price_elite_yearly'),
  /** This process as browsers see it; also the issuer of the demo JWTs. Default http://localhost:PORT. */
  PUBLIC_URL: optional(httpUrl.optional()),
  GATEWAY_URL: optional(httpUrl.default('http://localhost:3000')),
  AUTH_AUDIENCE: optional(z.string().default('billhook')),
});

/** What the simulator reads from its environment. */
export const simulatorSettingNames = Object.keys(environment.shape);

/** What the simulator runs with; `publicUrl` and `gatewayUrl` have no trailing slash. */
export interface SimulatorConfig {
  port: number;
  host: string;
  secretKey: string;
  webhookSecrets: string[];
  webhookUrl: string | null;
  webhookConcurrency: number;
  prices: { proMonthly: string; proYearly: string; eliteMonthly: string; eliteYearly: string };
  publicUrl: string;
  gatewayUrl: string;
  audience: string;
}

type ConfigResult = { ok: true; config: SimulatorConfig } | { ok: false; problems: string[] };

/** Reads the environment once and reports every problem together. */
export function readConfig(env: Record<string, string | undefined>): ConfigResult {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    return { ok: false, problems: parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`) };
  }
  return { ok: true, config: toConfig(parsed.data) };
}

const bare = (url: string) => url.replace(/\/+$/, '');

function toConfig(env: z.output<typeof environment>): SimulatorConfig {
  return {
    port: env.PORT,
    host: env.HOST,
    secretKey: env.STRIPE_SECRET_KEY,
    webhookSecrets: env.STRIPE_WEBHOOK_SECRET,
    webhookUrl: env.WEBHOOK_URL ?? null,
    webhookConcurrency: env.WEBHOOK_CONCURRENCY,
    prices: {
      proMonthly: env.STRIPE_PRO_MONTHLY_PRICE_ID,
      proYearly: env.STRIPE_PRO_YEARLY_PRICE_ID,
      eliteMonthly: env.STRIPE_ELITE_MONTHLY_PRICE_ID,
      eliteYearly: env.STRIPE_ELITE_YEARLY_PRICE_ID,
    },
    publicUrl: bare(env.PUBLIC_URL ?? `http://localhost:${env.PORT}`),
    gatewayUrl: bare(env.GATEWAY_URL),
    audience: env.AUTH_AUDIENCE,
  };
}
