import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Preferences } from './preferences.js';

interface PreferencesRow {
  theme: Preferences['theme'];
  email_alerts: boolean;
  sms_alerts: boolean;
  volume_multiple: number;
  minimum_volume: number;
}

/** What users have chosen, whatever their plan lets be in effect. */
@Injectable()
export class PreferencesStore {
  constructor(private readonly dataSource: DataSource) {}

  /** As they were chosen; null for who has never chosen. */
  async find(userId: string): Promise<Preferences | null> {
    const rows: PreferencesRow[] = await this.dataSource.query(
      `SELECT theme, email_alerts, sms_alerts, volume_multiple, minimum_volume FROM preferences WHERE user_id = $1`,
      [userId],
    );
    return rows[0] === undefined ? null : toPreferences(rows[0]);
  }

  /** Nothing of a user who is erased, whose request came before and was slower. */
  async save(userId: string, { theme, notifications, alert_thresholds }: Preferences): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO preferences (user_id, theme, email_alerts, sms_alerts, volume_multiple, minimum_volume)
       SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM erasure WHERE user_id = $1)
       ON CONFLICT (user_id) DO UPDATE SET theme = excluded.theme, email_alerts = excluded.email_alerts,
         sms_alerts = excluded.sms_alerts, volume_multiple = excluded.volume_multiple,
         minimum_volume = excluded.minimum_volume, updated_at = now()`,
      [
        userId,
        theme,
        notifications.email,
        notifications.sms,
        alert_thresholds.volume_multiple,
        alert_thresholds.minimum_volume,
      ],
    );
  }
}

function toPreferences(row: PreferencesRow): Preferences {
  return {
    theme: row.theme,
    notifications: { email: row.email_alerts, sms: row.sms_alerts },
    alert_thresholds: { volume_multiple: row.volume_multiple, minimum_volume: row.minimum_volume },
  };
}
