import { identityOf } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { AppendStore } from '../append/append.store.js';
import { Sealer } from '../seal/sealer.store.js';
import { toDraft } from '../trail/content.js';
import { toReadEvent } from './read-event.js';
import type { TrailRead } from './read-event.js';

/** Whoever looks into the trail leaves an entry in it. */
@Injectable()
export class ReadRecorder {
  constructor(
    private readonly trail: AppendStore,
    private readonly sealer: Sealer,
  ) {}

  /**
   * Before anything is told. Appended here and not by way of the exchange: an answer that nobody could record is not given. Throws
   * Retryable when the trail takes no entry now.
   */
  async record(what: TrailRead['what'], request: FastifyRequest): Promise<void> {
    const { userId } = identityOf(request);
    const { url, ip: remoteAddress, id: requestId } = request;
    const userAgent = request.headers['user-agent'];
    const read = { what, url, userId, remoteAddress, userAgent, requestId };
    const draft = toDraft(toReadEvent(read, randomUUID(), new Date()));
    await this.trail.append(await this.sealer.seal([draft]));
  }
}
