import { Matches, IsOptional } from 'class-validator';

const seq = /^[1-9]\d{0,14}$/;

/** A part of the chain, by seq. It begins with the checkpoint before `from`, so that it is proved from there. */
export class VerifyRequest {
  @IsOptional()
  @Matches(seq, { message: 'from must be the seq of an entry' })
  from?: string;

  /** Inclusive. */
  @IsOptional()
  @Matches(seq, { message: 'to must be the seq of an entry' })
  to?: string;
}
