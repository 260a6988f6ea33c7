import { Refused } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { catchError } from 'rxjs';
import type { Observable } from 'rxjs';
import { FormUseStore } from './form-use.store.js';
import './signed-request.js';

/** A form counts once, whoever sends it again: an impatient hand, a reload, or somebody who has recorded it. */
@Injectable()
export class FormOnceInterceptor implements NestInterceptor {
  private readonly log = new Logger('forms');

  constructor(private readonly uses: FormUseStore) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const formId = context.getType() === 'http' ? formOf(context) : undefined;
    if (formId === undefined) return next.handle();
    if (!(await this.uses.claim(formId))) throw new Refused('form_replayed');
    return next.handle().pipe(
      catchError(async (error: unknown) => {
        await this.giveBack(formId);
        throw error;
      }),
    );
  }

  /** What failed may be tried again from the same page. Whoever cannot is asked to load it anew, which is no harm. */
  private async giveBack(formId: string): Promise<void> {
    try {
      await this.uses.release(formId);
    } catch (error) {
      this.log.warn({ msg: 'a form that failed cannot be sent again', err: error });
    }
  }
}

function formOf(context: ExecutionContext): string | undefined {
  return context.switchToHttp().getRequest<FastifyRequest>().formId;
}
