export interface Acknowledgements {
  /** One acknowledgement (`multiple`) for this tag and every unsettled one below it. */
  upTo: number | undefined;
  singly: number[];
}

/**
 * The fewest acknowledgements for these delivery tags. `multiple` takes every unsettled message below along, so it may reach
 * only as far as nothing else is unsettled: `lowestLeft` is the lowest tag that is not to be acknowledged now.
 */
export function acknowledgements(tags: readonly number[], lowestLeft = Infinity): Acknowledgements {
  const covered = tags.filter((tag) => tag < lowestLeft);
  return {
    upTo: covered.length === 0 ? undefined : Math.max(...covered),
    singly: tags.filter((tag) => tag > lowestLeft),
  };
}
