import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { startSimulator } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';
import { safeTarget } from './identity.controller.js';

describe('the demo identity provider', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const verify = async (body: unknown) => {
    const token = typeof body === 'object' && body !== null && 'token' in body ? String(body.token) : '';
    const keys = createRemoteJWKSet(new URL(`${simulator.url}/.well-known/jwks.json`));
    return jwtVerify(token, keys, { issuer: simulator.url, audience: 'billhook', typ: 'JWT', algorithms: ['RS256'] });
  };

  it('issues tokens that verify against its published key, for eight hours of real time', async () => {
    await simulator.post('/_simulator/advance', { seconds: 10 * 24 * 3600 });
    const { body } = await simulator.post('/_simulator/identity/token', { sub: 'ada', email: 'ada@example.com' });
    const { payload } = await verify(body);
    expect(payload).toMatchObject({ sub: 'ada', email: 'ada@example.com', roles: ['user'] });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(8 * 3600);
    expect(Math.abs((payload.iat ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('gives the roles that were asked for, and refuses a token for nobody', async () => {
    const { body } = await simulator.post('/_simulator/identity/token', { sub: 'ops', roles: ['user', 'ops'] });
    expect((await verify(body)).payload.roles).toEqual(['user', 'ops']);
    expect((await simulator.post('/_simulator/identity/token', {})).status).toBe(400);
  });

  it('knows who gives only an e-mail address again by it, and from others', async () => {
    const subFor = async (email: string) => {
      const { body } = await simulator.post('/_simulator/identity/token', { email });
      return (await verify(body)).payload.sub;
    };
    const first = await subFor('grace@example.com');
    expect(first).toMatch(/^user_[0-9a-f]{12}$/);
    expect(await subFor('Grace@example.com')).toBe(first);
    expect(await subFor('joan@example.com')).not.toBe(first);
  });

  it('says where its keys are', async () => {
    const response = await fetch(`${simulator.url}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: simulator.url,
      jwks_uri: `${simulator.url}/.well-known/jwks.json`,
    });
  });

  it.each([
    ['http://localhost:3000/profile?a=1', 'http://localhost:3000/profile?a=1'],
    ['/profile', 'http://localhost:3000/profile'],
    ['http://localhost:3003/console', 'http://localhost:3003/console'],
    ['https://localhost:3000/profile', 'http://localhost:3000/pricing'],
    ['', 'http://localhost:3000/pricing'],
    ['http://evil.example/profile', 'http://localhost:3000/pricing'],
    ['//evil.example', 'http://localhost:3000/pricing'],
    ['http://localhost:3000@evil.example', 'http://localhost:3000/pricing'],
    ['javascript:alert(1)', 'http://localhost:3000/pricing'],
  ])('after signing in with return_to %p goes to %s', (returnTo, target) => {
    expect(safeTarget(returnTo, 'http://localhost:3000')).toBe(target);
  });

  it('cannot be made to run a script from return_to', async () => {
    const target = encodeURIComponent('http://localhost:3000/</script><script>alert(1)</script>');
    const html = await (await fetch(`${simulator.url}/sign-in?return_to=${target}`)).text();
    expect(html.match(/<script>/g)).toHaveLength(1);
  });
});
