/** A line of a text file. `text` is null for one that is longer than any line here has reason to be. */
export interface Line {
  number: number;
  text: string | null;
}

/** Two ids of 255 characters, quoted and escaped, and some room. */
const longestLine = 2_000;

/** Line by line, whatever the pieces that the text comes in: no more than a piece and a line is held at a time. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  let begun = '';
  let isTooLong = false;
  for await (const piece of pieces) {
    const parts = (begun + piece).split('\n');
    begun = parts.pop() ?? '';
    for (const part of parts) {
      number += 1;
      yield toLine(number, isTooLong ? null : part);
      isTooLong = false;
    }
    if (begun.length <= longestLine) continue;
    isTooLong = true;
    begun = '';
  }
  if (begun !== '' || isTooLong) yield toLine(number + 1, isTooLong ? null : begun);
}

/** Spreadsheets begin a file with a byte-order mark and end lines with CR LF. */
function toLine(number: number, part: string | null): Line {
  if (part === null || part.length > longestLine) return { number, text: null };
  return { number, text: part.replace(/^\uFEFF/, '').replace(/\r$/, '') };
}
