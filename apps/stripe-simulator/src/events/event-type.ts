/** `*` stands for the rest of a type, as in `customer.subscription.*`. */
export const matchesType = (type: string, wanted: string): boolean =>
  wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
