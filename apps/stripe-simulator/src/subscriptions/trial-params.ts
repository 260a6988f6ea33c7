import { z } from 'zod';
import { params } from '../api/params.js';

/** What happens at the end of a trial when there is nothing to charge. */
export const trialSettingsParams = params({
  end_behavior: params({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }),
});
