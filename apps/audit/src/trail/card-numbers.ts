const replacement = '[card number removed]';
/** 13 to 19 digits as people write them: in one piece, or in groups with a blank or a hyphen between. Schemes begin with 2 to 6. */
const candidate = /(?<![\dA-Za-z_])[2-6](?:[ -]?\d){12,18}(?![\dA-Za-z_])/g;
const digit = /\d/g;

/** A text without what can only be a card number: the trail is no place for one, whoever typed it and wherever. */
export function withoutCardNumbers(text: string): string {
  return text.length < 13 ? text : text.replace(candidate, (found) => (isLuhn(found) ? replacement : found));
}

/** The check digit that every card number ends in; of other numbers, one in ten passes. */
function isLuhn(text: string): boolean {
  const digits = (text.match(digit) ?? []).map(Number).toReversed();
  const sum = digits.reduce((total, each, index) => total + (index % 2 === 0 ? each : doubled(each)), 0);
  return sum % 10 === 0;
}

function doubled(each: number): number {
  return each > 4 ? 2 * each - 9 : 2 * each;
}
