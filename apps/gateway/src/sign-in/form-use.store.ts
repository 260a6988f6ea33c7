import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Which forms have been sent, over all replicas. Rows older than a form may be are forgotten by the daily upkeep. */
@Injectable()
export class FormUseStore {
  constructor(private readonly dataSource: DataSource) {}

  /** False when it has been sent before. */
  async claim(formId: string): Promise<boolean> {
    const claimed: unknown[] = await this.dataSource.query(
      'INSERT INTO used_form (form_id) VALUES ($1) ON CONFLICT (form_id) DO NOTHING RETURNING form_id',
      [formId],
    );
    return claimed.length > 0;
  }

  async release(formId: string): Promise<void> {
    await this.dataSource.query('DELETE FROM used_form WHERE form_id = $1', [formId]);
  }
}
