import { Matches } from 'class-validator';

export class LinkRequest {
  @Matches(/^[^\p{Cc}]{1,255}$/u, { message: 'user_id must be a user id of 1 to 255 characters' })
  user_id: string;

  /** Why: it goes into the audit trail. */
  @Matches(/^(?=.*\S)[^\p{Cc}]{1,500}$/u, {
    message: 'reason must be one line of at most 500 characters that says why',
  })
  reason: string;
}
