/** Injection token of the `SimulatorConfig`. */
export const configToken = Symbol('simulator config');
