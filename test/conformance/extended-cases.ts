/** The extended cases of the conformance specification, by section, as in `core-cases.ts`. */

export interface ExtendedSection {
  readonly title: string
  /** Have to hold, as the core cases. */
  readonly built: readonly number[]
  /** Need not; the table says which of them have a test. */
  readonly others: readonly number[]
}

const upTo = (last: number): readonly number[] =>
  Array.from({ length: last }, (_, index) => index + 1)

export const EXTENDED: Readonly<Record<string, ExtendedSection>> = {
  SIG: { title: 'Priority messages, services', built: [19, 20, 21, 22], others: [6, 10] },
  RCV: { title: 'Selective receive at length', built: [14], others: [11, 12, 13, 17] },
  EXI: { title: 'What is thrown and is no error', built: [25], others: [] },
  LNK: { title: 'Unlink acknowledged', built: [], others: [12] },
  MON: { title: 'Monitors with alias or tag', built: [28, 29, 30, 31], others: [32, 33, 34, 37] },
  ALS: { title: 'Aliases', built: upTo(9), others: [] },
  PRO: {
    title: 'Process dictionary, suspend, hibernate',
    built: [],
    others: [
      1, 2, 7, 8, 9, 11, 16, 18, 21, 23, 25, 26, 31, 32, 33, 36, 37, 38, 39, 40, 41, 42, 44, 45,
    ],
  },
  TMR: { title: 'Timers', built: [8], others: [5, 12] },
  REG: { title: 'Names', built: [4], others: [] },
  PLB: { title: 'Start protocol', built: [], others: [9, 10, 13, 14, 22] },
  SYS: { title: 'System messages, debug interface', built: upTo(16), others: [] },
  SUP: { title: 'Supervisor', built: [], others: [16, 38, 46, 56, 74, 80, 114, 123, 124] },
  DSU: { title: 'DynamicSupervisor', built: [], others: [2, 3, 7, 8, 12, 13] },
  PSU: { title: 'PartitionSupervisor', built: upTo(11), others: [] },
  GEN: {
    title: 'GenServer',
    built: [],
    others: [7, 12, 13, 18, 22, 41, 42, 52, 53, 57, 58, 59, 60, 61, 68, 77],
  },
  EGS: { title: 'GenServer and Agent (Elixir)', built: [], others: [6, 8, 11, 12, 13] },
  RGY: {
    title: 'Registry: locks, dispatch, matches',
    built: [2, 3, 4, 5, 14, 15, 18, 20, 21, 24, 27, 28, 29, 31, 50],
    others: [6],
  },
  PG: { title: 'Process groups', built: upTo(5), others: [] },
  TSK: {
    title: 'Task',
    built: [3, 6, 7, 25, 26, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48],
    others: [],
  },
  TSS: { title: 'Task.Supervisor', built: [6, 12, 13, 14], others: [] },
  GST: {
    title: 'State machine (gen_statem)',
    built: [],
    others: [1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21],
  },
  APP: { title: 'Applications', built: [], others: [1, 2, 3, 5, 6, 7, 8] },
  WRK: { title: 'Worker threads', built: [], others: [8, 11, 18] },
}
