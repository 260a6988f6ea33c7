import { Allow, IsInt, Matches, Max, Min } from 'class-validator';

/** Seconds up to the year 5138: what a proration date may be at most, so that it fits a number. */
const latest = 99_999_999_999;
const message = 'proration_date must be the one of the preview, in seconds';

/** `toPlanChoice` reads the values: each has an error code of its own. */
class PlanFields {
  @Allow()
  tier?: unknown;

  @Allow()
  billing_cycle?: unknown;
}

/** The body of `POST /v1/subscription/change-preview`. */
export class ChangePreviewRequest extends PlanFields {}

/** The body of `POST /v1/subscription/change`. */
export class ChangeRequest extends PlanFields {
  @IsInt({ message })
  @Min(0, { message })
  @Max(latest, { message })
  proration_date: number;
}

/** The same as the preview page sends it. */
export class ChangeForm extends PlanFields {
  @Matches(/^\d{1,11}$/, { message })
  proration_date: string;
}
