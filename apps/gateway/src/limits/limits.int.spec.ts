import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import type { Answer, TestBrowser } from '../test-browser.spec-support.js';

/** Small ones, and a proxy on this machine that says where requests come from. */
const limits = {
  TRUSTED_PROXIES: '127.0.0.1/32',
  RATE_LIMIT_USER_CHANGES: '6',
  RATE_LIMIT_ADDRESS_CHANGES: '9',
  RATE_LIMIT_USER_READS: '5',
  RATE_LIMIT_ADDRESS_READS: '8',
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway(limits);
});
afterAll(() => gateway.stop());

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
const read = (user: TestBrowser, address: string): Promise<Answer> =>
  user.api('GET', '/v1/account', undefined, { ...user.bearer, ...from(address) });
const change = (user: TestBrowser, address: string): Promise<Answer> =>
  user.api('POST', '/v1/subscription/resume', {}, { ...user.bearer, ...from(address) });

const isLimited = ({ status }: Answer): boolean => status === 429;

/** A minute begins with the first request, so the tries of a test are all of one. */
async function tries(times: number, attempt: (index: number) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let index = 0; index < times; index += 1) answers.push(await attempt(index));
  return answers;
}

describe('changes', () => {
  it('S10: of one user are counted over all replicas and from wherever they come', async () => {
    const replica = await gateway.startReplica();
    const [here, there] = [await gateway.as('hasty'), await replica.as('hasty')];
    const answers = await tries(8, (index) => change(index % 2 === 0 ? here : there, `198.51.100.${index}`));
    expect(answers.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409, 409, 429, 429]);
  });

  it('of one address are counted whoever they are of', async () => {
    const answers = await tries(10, async (index) => change(await gateway.as(`crowd-${index}`), '203.0.113.1'));
    expect(answers.map(isLimited)).toEqual([...Array<boolean>(9).fill(false), true]);
  });

  it('are told apart from reads, which go on', async () => {
    const user = await gateway.as('reading-on');
    await tries(7, () => change(user, '203.0.113.2'));
    expect(isLimited(await change(user, '203.0.113.2'))).toBe(true);
    expect((await read(user, '203.0.113.2')).status).toBe(200);
  });

  it('are also links that make something at Stripe', async () => {
    const user = await gateway.as('clicking');
    const click = (): Promise<Answer> =>
      user.page('/create-checkout?tier=1&billing_cycle=monthly', from('203.0.113.3'));
    const answers = await tries(7, click);
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 303, 429]);
    expect(answers.at(-1)?.text).toContain('rate_limited');
  });
});

describe('who comes too often', () => {
  it('is told so as a problem, with when to come again, and the trail hears of it', async () => {
    const user = await gateway.as('told');
    const answers = await tries(6, () => read(user, '203.0.113.4'));
    const last = answers.at(-1);
    expect([last?.status, last?.headers.get('content-type')]).toEqual([
      429,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(last?.json).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(last?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    await waitFor('the report', () =>
      gateway.tap.events.some(
        ({ routingKey, body }) =>
          routingKey === 'gateway.request.refused' && /rate_limited.*"told"/.test(body.toString()),
      ),
    );
  });

  it('cannot go on by making up where they come from', async () => {
    const invented = (index: number): Promise<Answer> =>
      gateway.as(`maker-${index}`).then((user) => read(user, `10.9.8.${index}, 203.0.113.5`));
    expect((await tries(9, invented)).map(isLimited)).toEqual([...Array<boolean>(8).fill(false), true]);
  });

  it('is one network with an IPv6 address, whichever of its addresses they use', async () => {
    const hopping = (index: number): Promise<Answer> =>
      gateway.as(`hopper-${index}`).then((user) => read(user, `2001:db8:1:2::${index}`));
    expect((await tries(9, hopping)).map(isLimited).at(-1)).toBe(true);
    expect((await read(await gateway.as('neighbour'), '2001:db8:1:3::1')).status).toBe(200);
  });

  it('is limited in guessing tokens too', async () => {
    const guess = (index: number): Promise<Answer> =>
      gateway
        .as('guessed')
        .then((user) =>
          user.api('GET', '/v1/account', undefined, { authorization: `Bearer guess-${index}`, ...from('203.0.113.6') }),
        );
    expect((await tries(9, guess)).map(({ status }) => status)).toEqual([...Array<number>(8).fill(401), 429]);
  });
});
