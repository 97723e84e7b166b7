/** Where an inspector evaluation finds the probe of a thread. */
export const PROBE_KEY = Symbol.for('nodelens.probe')
