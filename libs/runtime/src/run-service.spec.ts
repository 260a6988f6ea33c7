import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { IsInt } from 'class-validator';
import { CommonConfig } from './config.js';
import { Refused, Retryable } from './errors.js';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { startService } from './run-service.module.js';
import type { RunningService } from './run-service.module.js';

class Amount {
  @IsInt({ message: 'amount must be an integer in cents' })
  amount: number;
}

@Controller()
class SampleController {
  @Get('refused')
  refused(): never {
    throw new Refused('already_subscribed', 'Pro monthly is active');
  }

  @Get('retryable')
  retryable(): never {
    throw new Retryable('database_unavailable', new Error('secret detail'), 7);
  }

  @Get('bug')
  bug(): never {
    throw new Error('password=hunter2');
  }

  @Post('amount')
  amount(@Body() body: Amount): Amount {
    return body;
  }
}

@Module({ controllers: [SampleController] })
class SampleModule {}

let service: RunningService | undefined;
let databaseUp = true;

async function start(options: { graceMs?: number } = {}): Promise<RunningService> {
  service = await startService({
    ...options,
    name: 'sample',
    config: Object.assign(new CommonConfig(), { PORT: 0, MANAGEMENT_PORT: 0, LOG_LEVEL: 'silent' }),
    module: SampleModule,
    readiness: () => ({ database: () => Promise.resolve({ up: databaseUp, detail: 'connection refused' }) }),
  });
  return service;
}

afterEach(async () => {
  databaseUp = true;
  await service?.stop();
  service = undefined;
});

async function problemAt(
  path: string,
  init?: RequestInit,
): Promise<{ status: number; type: string | null; body: unknown }> {
  const { url } = await start();
  const response = await fetch(url + path, init);
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}

const json = (body: string): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body });

describe('a running service', () => {
  it('answers a refusal as problem+json with its code, its detail and a cure', async () => {
    const answer = await problemAt('/refused');
    expect(answer.type).toContain('application/problem+json');
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'already_subscribed', detail: 'Pro monthly is active', cure: expect.any(String) },
    });
  });

  it('answers a failing dependency with Retry-After and nothing of the cause', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/retryable`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await response.text()).not.toContain('secret');
  });

  it('shows nothing of a bug but the request id', async () => {
    const { status, body } = await problemAt('/bug');
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'internal_error', request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('refuses a field it does not know, by name', async () => {
    const { status, body } = await problemAt('/amount', json('{"amount":1,"user_id":"someone"}'));
    expect([status, body]).toEqual([
      400,
      expect.objectContaining({ code: 'request_invalid', detail: expect.stringContaining('user_id') }),
    ]);
  });

  it.each([
    ['JSON that does not parse', '{', 400, 'request_invalid'],
    ['a body over 1 MiB', JSON.stringify({ amount: 'x'.repeat(1024 * 1024) }), 413, 'body_too_large'],
  ])('answers %s with a code', async (_, body, status, code) => {
    expect(await problemAt('/amount', json(body))).toMatchObject({ status, body: { code } });
  });

  it('answers an unknown address with 404 not_found', async () => {
    expect(await problemAt('/nowhere')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('serves health and metrics on the management port only', async () => {
    const { url, managementUrl } = await start();
    expect((await fetch(`${url}/health/live`)).status).toBe(404);
    expect((await fetch(`${managementUrl}/health/live`)).status).toBe(200);
    expect(await (await fetch(`${managementUrl}/metrics`)).text()).toContain('process_cpu_seconds_total');
  });

  it('is ready only while what it depends on is, and says what is not', async () => {
    const { managementUrl } = await start();
    expect((await fetch(`${managementUrl}/health/ready`)).status).toBe(200);
    databaseUp = false;
    const response = await fetch(`${managementUrl}/health/ready`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('connection refused');
  });
});

/** A connection that has not sent anything yet. */
async function opened({ url }: RunningService): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** All that the other end says until it hangs up; rejects when it resets the connection. */
function ask(socket: Socket): Promise<string> {
  socket.write('GET /refused HTTP/1.1\r\nHost: here\r\n\r\n');
  return text(socket);
}

describe('a service that is told to end', () => {
  it('is not ready from then on, answers whoever comes all the same, and lets go of the connection', async () => {
    const running = await start({ graceMs: 300 });
    const early = await opened(running);
    const drained = running.drain();
    expect((await fetch(`${running.managementUrl}/health/ready`)).status).toBe(503);
    const answers = await Promise.all([ask(early), ask(await opened(running))]);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 409 /);
      expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    }
    await drained;
    await expect(opened(running)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('resets no connection that it has accepted, though its request comes only when it listens no more', async () => {
    const running = await start({ graceMs: 0 });
    const fresh = await opened(running);
    const closed = once(running.app.getHttpServer(), 'close');
    const drained = running.drain();
    while (running.app.getHttpServer().listening) await new Promise(setImmediate);
    expect(await ask(fresh)).toMatch(/^HTTP\/1\.1 409 /);
    await Promise.all([drained, closed]);
  });

  it.each([
    ['whose headers have not all come', 'POST /amount HTTP/1.1\r\nHost: he'],
    [
      'whose body has not all come',
      'POST /amount HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"a',
    ],
  ])('F46: turns away a request %s, and does not wait for the rest', async (_, half) => {
    const running = await start({ graceMs: 0 });
    const slow = await opened(running);
    slow.write(half);
    const answer = text(slow);
    const begin = performance.now();
    await running.drain();
    await running.stop();
    service = undefined;
    expect(performance.now() - begin).toBeLessThan(4_000);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"body_timeout"/);
  });

  it('F46: turns away half a request also on a connection that had an answer before', async () => {
    const running = await start({ graceMs: 0 });
    const slow = await opened(running);
    slow.write('GET /refused HTTP/1.1\r\nHost: here\r\n\r\n');
    await once(slow, 'data');
    slow.write('POST /amount HTTP/1.1\r\nHost: he');
    const answer = text(slow);
    const begin = performance.now();
    await running.drain();
    await running.stop();
    service = undefined;
    expect(performance.now() - begin).toBeLessThan(4_000);
    expect(await answer).toMatch(/HTTP\/1\.1 408 /);
  });

  it('does not wait for a connection that asks for nothing', async () => {
    const running = await start({ graceMs: 0 });
    const idle = await opened(running);
    const begin = performance.now();
    await running.drain();
    await running.stop();
    expect(performance.now() - begin).toBeLessThan(2_000);
    service = undefined;
    idle.destroy();
  });
});
