/** Nobody may come to wait for it any more: its failure is then nobody's business. Whoever does wait gets it all the same. */
export function begun<T>(coming: Promise<T>): Promise<T> {
  coming.catch(() => undefined);
  return coming;
}
