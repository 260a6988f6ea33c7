import { IsOptional, Matches } from 'class-validator';
import { FilterRequest } from '../query/entries.request.js';

export class TailRequest extends FilterRequest {
  /** Entries behind this seq; without it, those that come from now on. */
  @IsOptional()
  @Matches(/^(0|[1-9]\d{0,17})$/, { message: 'since must be the seq of an entry, or 0' })
  since?: string;
}
