import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { settle, startSimulator } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('chaos, as it is turned on and off', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterEach(() => simulator.post('/_simulator/reset', {}));
  afterAll(() => simulator.stop());
  const chaos = (config: object) => simulator.post('/_simulator/chaos', config);

  it.each<[string, object, string, string]>([
    ['nothing', {}, 'deliveries', 'give deliveries, omit, api or rate_limit_per_second'],
    ['an unknown field', { speed: 1 }, 'speed', 'allowed here: seed, deliveries, omit, api, rate_limit_per_second'],
    ['an unknown knob', { deliveries: { lose: {} } }, 'deliveries.lose', 'allowed here: types, duplicate, shuffle'],
    [
      'an unknown field of a knob',
      { deliveries: { drop: { p: 1 } } },
      'deliveries.drop.p',
      'allowed here: probability',
    ],
    ['a knob that is no object', { deliveries: { cut: true } }, 'deliveries.cut', 'must be an object of: probability'],
    [
      'an impossible probability',
      { deliveries: { duplicate: { probability: 30 } } },
      'deliveries.duplicate.probability',
      'must be a number from 0 to 1',
    ],
    [
      'half a copy',
      { deliveries: { duplicate: { copies: 0.5 } } },
      'deliveries.duplicate.copies',
      'must be a whole number from 1 to 100',
    ],
    ['a delay without an end', { deliveries: { delay: {} } }, 'deliveries.delay.max_ms', 'must be a whole number'],
    [
      'a delay that ends before it begins',
      { deliveries: { delay: { min_ms: 5, max_ms: 4 } } },
      'deliveries.delay.min_ms',
      'must not be more than max_ms',
    ],
    [
      'a delay of more than three days',
      { deliveries: { delay: { max_seconds: 259_201 } } },
      'deliveries.delay.max_seconds',
      'must be a whole number from 0 to 259200',
    ],
    [
      'a delay in two kinds of time',
      { deliveries: { delay: { max_seconds: 1, max_ms: 1 } } },
      'deliveries.delay.max_ms',
      'allowed here: probability, min_seconds, max_seconds',
    ],
    [
      'an old secret that nobody ever had',
      { deliveries: { old_secret: {} } },
      'deliveries.old_secret.secret',
      'STRIPE_WEBHOOK_SECRET holds no second',
    ],
    [
      'an old secret that is none',
      { deliveries: { old_secret: { secret: 'sk_test_made_up' } } },
      'deliveries.old_secret.secret',
      'must start with whsec_',
    ],
    ['an unknown fault', { api: [{ fault: 418 }] }, 'api.0.fault', 'must be one of 429, 500, 503, hang, reset'],
    ['a hint with the wrong fault', { api: [{ fault: 'hang', retry_after: 1 }] }, 'api.0.retry_after', 'allowed here'],
    ['an unknown method', { api: [{ fault: 500, method: 'PUT' }] }, 'api.0.method', 'must be one of GET, POST, DELETE'],
    ['a path of a page', { api: [{ fault: 500, path: '/c/pay' }] }, 'api.0.path', 'must start with /v1 or /v2'],
    ['faults that are no list', { api: { fault: 500 } }, 'api', 'must be a list of faults'],
    ['a seed alone', { seed: 1 }, 'deliveries', 'this would be no chaos'],
    ['a share of more than all', { omit: { probability: 2 } }, 'omit.probability', 'must be a number from 0 to 1'],
    ['no requests at all', { rate_limit_per_second: 0 }, 'rate_limit_per_second', 'must be a whole number from 1'],
    ['a seed with a fraction', { seed: 0.5, api: [{ fault: 500 }] }, 'seed', 'from 0 to 4294967295'],
  ])('refuses %s, naming the field and what is allowed', async (_name, config, param, message) => {
    const answer = await chaos(config);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { param, message: expect.stringContaining(`${param}: `) } },
    });
    expect(answer).toMatchObject({ body: { error: { message: expect.stringContaining(message) } } });
    expect(await simulator.get('/_simulator/chaos')).toMatchObject({ config: null });
  });

  it('shows the knobs with their defaults, and draws a seed when none is given', async () => {
    const { body } = await chaos({ deliveries: { duplicate: { probability: 0.3 } }, api: [{ fault: 'reset' }] });
    expect(body).toMatchObject({
      config: {
        deliveries: { duplicate: { probability: 0.3, copies: 1, concurrent: false } },
        api: [{ fault: 'reset', probability: 1, path: '/v1/' }],
      },
      seed: expect.any(Number),
    });
    expect(await simulator.get('/_simulator/chaos')).toEqual(body);
  });

  it('replaces the chaos before it, whose hold on what is under way ends', async () => {
    await chaos({ deliveries: { shuffle: { events: 100, ms: 60_000 } } });
    await simulator.stripe.customers.create({});
    await chaos({ deliveries: { drop: {} } });
    await settle(simulator);
    expect(simulator.received).toHaveLength(1);
  });

  it('is shown on the index page, with a button that ends it', async () => {
    const page = async () => (await fetch(simulator.url)).text();
    expect(await page()).not.toContain('Chaos is on');
    const api = [{ fault: 429, count: 3 }];
    await chaos({ seed: 77, deliveries: { drop: { probability: 1 } }, api, omit: {}, rate_limit_per_second: 1000 });
    await simulator.stripe.events.list().catch(() => undefined);
    const html = await page();
    expect(html).toContain('Chaos is on');
    expect(html).toContain('<code>77</code>');
    expect(html).toContain('api_429 1');
    for (const name of ['drop', 'omit', 'rate_limit_per_second']) expect(html).toContain(`<td>${name}</td>`);
    expect(html).toContain('action="/_simulator/chaos/end"');
    const pressed = await fetch(`${simulator.url}/_simulator/chaos/end`, {
      method: 'POST',
      body: new URLSearchParams(),
    });
    expect(pressed.url).toBe(`${simulator.url}/`);
    expect(await pressed.text()).not.toContain('Chaos is on');
  });
});
