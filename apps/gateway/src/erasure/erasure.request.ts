import { erasureReasonPattern } from '@billhook/contracts';
import { Matches } from 'class-validator';

/** The body of `POST /v1/users/:id/erase`. */
export class EraseRequest {
  @Matches(erasureReasonPattern, {
    message: 'reason must be a reference such as a ticket: up to 100 of A-Z a-z 0-9 space . _ : # / -',
  })
  reason: string;
}
