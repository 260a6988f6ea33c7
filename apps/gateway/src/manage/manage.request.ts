import { IsBoolean, IsIn, IsOptional } from 'class-validator';

/** The body of `POST /v1/subscription/cancel`. At the period's end unless it says otherwise. */
export class CancelRequest {
  @IsOptional()
  @IsBoolean({ message: 'immediate must be true or false' })
  immediate?: boolean;
}

/** The same as a form sends it. */
export class CancelForm {
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'immediate must be true or false' })
  immediate?: string;
}
