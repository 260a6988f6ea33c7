import { seedTerms } from '@billhook/billing';
import type { Terms } from '@billhook/billing';
import { ValidateBy } from 'class-validator';
import { readFileSync } from 'node:fs';
import { readTerms } from './plan-terms.js';
import type { TermsReading } from './plan-terms.js';
import { messageOf } from '@billhook/runtime';

/** What PLAN_CATALOGUE_FILE says; the seed's terms where none is named. Throws when the file cannot be read any more. */
export function termsIn(file: string | undefined): Terms {
  if (file === undefined) return seedTerms;
  const reading = readFile(file);
  if (!reading.ok) throw new Error(`PLAN_CATALOGUE_FILE ${reading.problem}`);
  return reading.terms;
}

/** Read as soon as it is named, so that what is wrong with it is told together with all else that is wrong. */
export function IsPlanFile(): PropertyDecorator {
  const problemOf = (file: unknown): string => {
    const reading = readFile(String(file));
    return reading.ok ? '' : `PLAN_CATALOGUE_FILE ${reading.problem}`;
  };
  const validator = {
    validate: (file: unknown) => problemOf(file) === '',
    defaultMessage: (given?: { value: unknown }) => problemOf(given?.value),
  };
  return ValidateBy({ name: 'isPlanFile', validator });
}

function readFile(file: string): TermsReading {
  try {
    return readTerms(readFileSync(file, 'utf8'));
  } catch (error) {
    return { ok: false, problem: `cannot be read: ${messageOf(error)}` };
  }
}
