import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import type { OutboxEvent } from '@billhook/messaging';
import type { ErrorCode } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { eventSource } from '../announcement.js';
import '../sign-in/signed-request.js';
import { RefusalTally } from './refusal-tally.js';
import type { RefusalCount } from './refusal-tally.js';

/**
 * What the trail should know of: who tried to come in and could not, from where, and who reached for what is not theirs. A
 * stranger without a token is none of them: everybody is one before signing in.
 */
const reported: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'token_invalid',
  'token_expired',
  'role_missing',
  'origin_not_allowed',
  'form_token_invalid',
  'form_replayed',
  'rate_limited',
  'not_entitled',
  'not_found',
]);
const tickMs = 1_000;
const mostPlaces = 100;
const longestTarget = 255;

/** Reports refusals after their answers, once a second, added up. */
@Injectable()
export class Refusals implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('refusals');
  private readonly tally = new RefusalTally(mostPlaces);
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.reportSoon(), tickMs).unref();
  }

  /** What comes after this is lost with the process, as it is at a crash: a second's worth of refusals. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.reportSoon();
    await this.reporting;
  }

  note(request: FastifyRequest, code: ErrorCode): void {
    if (!reported.has(code)) return;
    this.tally.add({
      code,
      route: `${request.method} ${request.routeOptions.url ?? '(none)'}`,
      target: targetOf(request.params) ?? sessionIn(request.query),
      user_id: request.caller?.userId ?? null,
      remote_address: request.ip,
    });
  }

  /** One report after the other, so that a slow database does not gather them. */
  private reportSoon(): void {
    const counts = this.tally.takeAll();
    if (counts.length > 0) this.reporting = this.reporting.then(() => this.report(counts));
  }

  /** Never rejects: what cannot be written now waits for the next second. */
  private async report(counts: readonly RefusalCount[]): Promise<void> {
    const events = counts.map((count) => toEvent(count, new Date()));
    try {
      await inTransaction(this.dataSource, (manager) => this.outbox.append(manager, eventSource, events));
    } catch (error) {
      for (const { count, ...refusal } of counts) this.tally.add(refusal, count);
      this.log.warn({ msg: 'refusals are not reported yet', count: counts.length, err: error });
    }
  }
}

function toEvent(data: RefusalCount, at: Date): OutboxEvent {
  return {
    event: { type: 'gateway.request.refused', data },
    causeId: randomUUID(),
    subject: data.user_id ?? data.code,
    at,
    actor: data.user_id === null ? 'service:gateway' : `user:${data.user_id}`,
    remoteAddress: data.remote_address,
  };
}

/** The id in the address: whose it is, nobody has looked up. */
function targetOf(params: unknown): string | null {
  const values = typeof params === 'object' && params !== null ? Object.values(params) : [];
  const [first] = values.filter((value): value is string => typeof value === 'string' && value !== '');
  return first === undefined ? null : first.replace(/\p{Cc}/gu, ' ').slice(0, longestTarget);
}

/** The success page has its id in the query, where Stripe puts it. */
function sessionIn(query: unknown): string | null {
  return typeof query === 'object' && query !== null && 'session_id' in query ? targetOf([query.session_id]) : null;
}
