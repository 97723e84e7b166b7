/** The core cases of the conformance specification, by section: numbers of ids such as `SUP-017`. */

export interface Section {
  readonly title: string
  readonly core: readonly number[]
}

export const SECTIONS: Readonly<Record<string, Section>> = {
  SIG: {
    title: 'Signals, delivery and ordering',
    core: [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18],
  },
  RCV: {
    title: 'Mailbox and selective receive',
    core: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16],
  },
  EXI: {
    title: 'Exit reasons and exit signals',
    core: [
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27,
      28, 29, 30, 31,
    ],
  },
  LNK: {
    title: 'Links',
    core: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17],
  },
  MON: {
    title: 'Monitors',
    core: [
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
      27, 35, 36, 38,
    ],
  },
  ALS: {
    title: 'Aliases and request/reply refs',
    core: [10],
  },
  PRO: {
    title: 'Spawning, process info, flags',
    core: [3, 4, 5, 6, 10, 12, 13, 14, 15, 17, 19, 20, 22, 24, 27, 28, 29, 30, 34, 35, 43],
  },
  TMR: {
    title: 'Timers',
    core: [1, 2, 3, 4, 6, 7, 9, 10, 11, 13, 14],
  },
  REG: {
    title: 'Local names',
    core: [1, 2, 3, 5, 6, 7],
  },
  PLB: {
    title: 'Synchronous start protocol',
    core: [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 18, 19, 20, 21],
  },
  SUP: {
    title: 'Supervisor (OTP)',
    core: [
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
      28, 29, 30, 31, 32, 33, 35, 36, 37, 39, 40, 41, 42, 43, 44, 45, 47, 48, 49, 50, 51, 52, 53,
      54, 55, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 75, 76, 77, 78,
      79, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 108, 109, 110, 111, 112, 113,
      115, 116, 117, 118, 119, 120, 121, 122, 125, 126, 127, 128, 129, 130, 131, 132,
    ],
  },
  DSU: {
    title: 'DynamicSupervisor',
    core: [
      1, 4, 5, 6, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
      33, 34, 35, 36,
    ],
  },
  ESU: {
    title: 'Supervisor (Elixir API)',
    core: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  },
  GEN: {
    title: 'GenServer (OTP)',
    core: [
      1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 14, 15, 16, 17, 19, 20, 21, 24, 25, 26, 27, 28, 29, 30, 31,
      32, 33, 34, 35, 36, 37, 38, 40, 43, 44, 49, 50, 51, 54, 55, 56, 66, 67, 69, 70, 71, 72, 73,
      74, 75, 79, 80, 81, 82, 83,
    ],
  },
  EGS: {
    title: 'GenServer (Elixir API)',
    core: [1, 2, 3, 4, 5, 7, 9, 10],
  },
  RGY: {
    title: 'Registry (Elixir)',
    core: [1, 7, 8, 9, 10, 11, 12, 13, 16, 17, 19, 22, 23, 25, 26, 30, 48, 49],
  },
  TSK: {
    title: 'Task',
    core: [1, 2, 4, 5, 8, 9, 10, 11, 12, 13, 19, 20, 21, 22, 23, 24, 27, 28, 29, 30, 31, 32, 33],
  },
  TSS: {
    title: 'Task.Supervisor',
    core: [1, 2, 3, 4, 5, 7, 8, 9, 10, 11],
  },
  APP: {
    title: 'Application-like start and stop',
    core: [4, 9, 10, 11, 12],
  },
  WRK: {
    title: 'Worker threads',
    core: [1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21],
  },
}
