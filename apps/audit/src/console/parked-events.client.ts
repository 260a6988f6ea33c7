import { Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { AuditConfig } from '../config.js';

const group = z.object({
  status: z.string(),
  reason: z.string().nullable(),
  count: z.number(),
  oldest: z.string(),
  newest: z.string(),
});
const event = z.object({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  recorded_at: z.string(),
});
const page = z.object({ data: z.array(event), next_cursor: z.string().nullable() });
const summary = z.object({ groups: z.array(group) });
const body = z.object({ size: z.number(), sha256: z.string(), base64: z.string(), json: z.unknown() });
const detail = event.extend({
  attempts: z.number(),
  parked_at: z.string().nullable(),
  retry_at: z.string().nullable(),
  attributes: z.record(z.string(), z.unknown()).nullable(),
  body: body.nullable(),
});
const dryRun = z.object({
  matched: z.number(),
  would_replay: z.number(),
  groups: z.array(group),
  first_ids: z.array(z.string()),
});
const replay = z.object({
  matched: z.number(),
  replayed: z.number(),
  outcomes: z.record(z.string(), z.number()),
  remaining: z.number(),
  next_cursor: z.string().nullable(),
});
const problem = z.object({ title: z.string(), detail: z.string().optional(), cure: z.string().optional() });

export type ParkedGroup = z.infer<typeof group>;
export type ParkedEvent = z.infer<typeof event>;
export type ParkedDetail = z.infer<typeof detail>;
export type DryRun = z.infer<typeof dryRun>;
export type Replayed = z.infer<typeof replay>;

/** Which parked events. All that is given must hold; nothing given means all of them. */
export interface Choice {
  id?: string | undefined;
  reason?: string | undefined;
  type?: string | undefined;
}

/** What the subscription service says. `refused` is about the question, `away` about the service. */
export type Told<T> = { kind: 'told'; value: T } | { kind: 'refused'; status: number; text: string } | { kind: 'away' };

/** A replay works for eight seconds at most and then says how far it came. */
const patienceMs = 15_000;
const mostReplayed = 1_000;

/** Parked events as the subscription service tells of them, each time with the token of whoever asks. */
@Injectable()
export class ParkedEventsClient {
  private readonly log = new Logger('parked events');

  constructor(private readonly config: AuditConfig) {}

  groups(token: string): Promise<Told<z.infer<typeof summary>>> {
    return this.ask(summary, token, '/v1/events/summary');
  }

  list(token: string, choice: Choice, cursor: string | undefined): Promise<Told<z.infer<typeof page>>> {
    const given = Object.entries({ reason: choice.reason, type: choice.type, cursor }).filter(
      (each): each is [string, string] => each[1] !== undefined,
    );
    return this.ask(page, token, `/v1/events?${new URLSearchParams([['status', 'parked'], ...given]).toString()}`);
  }

  find(token: string, id: string): Promise<Told<ParkedDetail>> {
    return this.ask(detail, token, `/v1/events/${encodeURIComponent(id)}`);
  }

  /** Changes nothing. */
  dryRun(token: string, choice: Choice): Promise<Told<DryRun>> {
    return this.ask(dryRun, token, '/v1/events/replay', { ...toOrder(choice), dry_run: true });
  }

  replay(token: string, choice: Choice, order: { note: string; cursor?: string | undefined }): Promise<Told<Replayed>> {
    return this.ask(replay, token, '/v1/events/replay', { ...toOrder(choice), ...order, dry_run: false });
  }

  private async ask<T>(shape: z.ZodType<T>, token: string, path: string, order?: object): Promise<Told<T>> {
    const authorization = `Bearer ${token}`;
    const sent =
      order === undefined
        ? { headers: { authorization } }
        : {
            method: 'POST',
            headers: { authorization, 'content-type': 'application/json' },
            body: JSON.stringify(order),
          };
    try {
      const url = this.config.SUBSCRIPTION_URL + path;
      const answer = await fetch(url, { ...sent, redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
      if (answer.ok) return { kind: 'told', value: shape.parse(await answer.json()) };
      if (answer.status >= 500) throw new Error(`the subscription service answered ${answer.status}`);
      return { kind: 'refused', status: answer.status, text: toText(problem.parse(await answer.json())) };
    } catch (error) {
      this.log.warn({ msg: 'the subscription service did not answer as it should', err: error });
      return { kind: 'away' };
    }
  }
}

function toOrder({ id, reason, type }: Choice): { filter: object; limit: number } {
  const filter = id === undefined ? { status: 'parked', reason, type } : { status: 'parked', ids: [id] };
  return { filter, limit: mostReplayed };
}

function toText({ title, detail: what, cure }: z.infer<typeof problem>): string {
  return [title, what, cure].filter((text) => text !== undefined).join('. ');
}
