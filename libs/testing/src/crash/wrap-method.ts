/** Stands in front of a method of somebody else's class, for every object of it: `call` makes the call as it was meant. */
export function wrapMethod(
  prototype: object,
  name: string,
  around: (call: () => unknown, parameters: unknown[], self: object) => unknown,
): void {
  const method: unknown = Reflect.get(prototype, name);
  if (typeof method !== 'function') throw new Error(`there is no method ${name} to stand in front of`);
  Reflect.set(prototype, name, function standIn(this: object, ...parameters: unknown[]): unknown {
    return around(() => Reflect.apply(method, this, parameters), parameters, this);
  });
}
