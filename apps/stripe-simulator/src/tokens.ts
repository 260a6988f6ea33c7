/** Injection token of the `SimulatorConfig`. */
export const CONFIG = Symbol('simulator config');
