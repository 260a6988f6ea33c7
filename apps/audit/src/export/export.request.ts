import { Type } from 'class-transformer';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { Cursor, FilterRequest } from '../query/entries.request.js';

const mostEntries = 10_000_000;
const limitMessage = { message: `limit must be a whole number from 1 to ${mostEntries}` };

export class ExportRequest extends FilterRequest {
  @IsIn(['csv', 'ndjson'], { message: 'format must be csv or ndjson' })
  format: 'csv' | 'ndjson';

  @Type(() => Number)
  @IsInt(limitMessage)
  @Min(1, limitMessage)
  @Max(mostEntries, limitMessage)
  limit = 1_000_000;

  /** The last_seq that a truncated export ended with: goes on behind it. */
  @Cursor()
  cursor?: string;
}
