import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { portalFlows, returnPlaces } from './portal.client.js';
import type { PortalFlow, ReturnPlace } from './portal.client.js';

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

/** The body of `POST /v1/subscription/resume`. What is scheduled is taken back, unless it says that a pause is to end, which costs. */
export class ResumeRequest {
  @IsOptional()
  @IsBoolean({ message: 'ends_pause must be true or false' })
  ends_pause?: boolean;
}

/** The same as a form sends it. */
export class ResumeForm {
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'ends_pause must be true or false' })
  ends_pause?: string;
}

/** The body of `POST /v1/portal-sessions` and the query of `GET /manage-subscription`. */
export class PortalRequest {
  @IsOptional()
  @IsIn(portalFlows, { message: `flow must be one of ${portalFlows.join(', ')}` })
  flow?: PortalFlow;

  @IsOptional()
  @IsIn(returnPlaces, { message: `return_to must be one of ${returnPlaces.join(', ')}` })
  return_to?: ReturnPlace;
}
