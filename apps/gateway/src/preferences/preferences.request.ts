import { themes } from '@billhook/pages';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsNumber, IsObject, IsOptional, IsString, Max, Min, ValidateNested } from 'class-validator';
import { thresholdLimits } from './preferences.js';
import type { Preferences } from './preferences.js';

const { volume_multiple, minimum_volume } = thresholdLimits;

class NotificationsRequest {
  @IsBoolean({ message: 'notifications.email must be true or false' })
  email: boolean;

  @IsBoolean({ message: 'notifications.sms must be true or false' })
  sms: boolean;
}

const multiple = 'alert_thresholds.volume_multiple must be a number from 1 to 1000 with at most two decimals';
const minimum = 'alert_thresholds.minimum_volume must be a number from 0 to 1e15 with at most two decimals';

class AlertThresholdsRequest {
  @IsNumber({ maxDecimalPlaces: 2 }, { message: multiple })
  @Min(volume_multiple.least, { message: multiple })
  @Max(volume_multiple.most, { message: multiple })
  volume_multiple: number;

  @IsNumber({ maxDecimalPlaces: 2 }, { message: minimum })
  @Min(minimum_volume.least, { message: minimum })
  @Max(minimum_volume.most, { message: minimum })
  minimum_volume: number;
}

/** The body of `PUT /v1/preferences`: all of them, so that nothing depends on what was there before. */
export class PreferencesRequest implements Preferences {
  @IsIn(themes, { message: `theme must be one of ${themes.join(', ')}` })
  theme: Preferences['theme'];

  @IsObject({ message: 'notifications must say email and sms' })
  @ValidateNested()
  @Type(() => NotificationsRequest)
  notifications: NotificationsRequest;

  @IsObject({ message: 'alert_thresholds must say volume_multiple and minimum_volume' })
  @ValidateNested()
  @Type(() => AlertThresholdsRequest)
  alert_thresholds: AlertThresholdsRequest;
}

/** The form of the preferences page: a box that is not ticked, or is locked, is not sent. What was typed is read afterwards. */
export class PreferencesForm {
  @IsIn(themes, { message: `theme must be one of ${themes.join(', ')}` })
  theme: Preferences['theme'];

  @IsOptional()
  @IsIn(['on'], { message: 'email must be on or left out' })
  email?: string;

  @IsOptional()
  @IsIn(['on'], { message: 'sms must be on or left out' })
  sms?: string;

  @IsString({ message: 'volume_multiple must be there' })
  volume_multiple: string;

  @IsString({ message: 'minimum_volume must be there' })
  minimum_volume: string;
}
