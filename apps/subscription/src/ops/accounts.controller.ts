import { Refused, RequireRole } from '@billhook/runtime';
import { Controller, Get, Param } from '@nestjs/common';
import { RulesSource } from '../rules.js';
import { ExplainStore } from './explain.store.js';
import { explain } from './explanation.js';
import type { Explanation } from './explanation.js';

/** Why a user has the tier they have. */
@Controller('v1/accounts')
@RequireRole('ops')
export class AccountsController {
  constructor(
    private readonly dossiers: ExplainStore,
    private readonly rules: RulesSource,
  ) {}

  @Get(':user_id/explain')
  async explain(@Param('user_id') userId: string): Promise<Explanation> {
    if (userId.length > 255 || userId.includes('\0')) throw new Refused('request_invalid', 'no user id is like this');
    return explain(userId, await this.dossiers.find(userId), this.rules.now());
  }
}
