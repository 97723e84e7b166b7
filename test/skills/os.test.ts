import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CgroupReader } from '../../skills/os/cgroup.ts'
import { membershipsOf } from '../../skills/os/cgroup-folders.ts'
import { type Disk, DiskWatch } from '../../skills/os/disks.ts'
import { parsePressure } from '../../skills/os/pressure.ts'
import { namedNumbers, SystemFiles } from '../../skills/os/system-files.ts'
import { judgeOs } from '../../skills/os/verdict.ts'
import { OsWatch } from '../../skills/os/watch.ts'
import type { OsWindow } from '../../skills/os/window.ts'
import { wordsOf } from '../../skills/os/words.ts'
import { OS_TREES, plant, type Tree } from '../fixtures/skills/os-trees.ts'
import { runApp } from './support.ts'

const home = mkdtempSync(join(tmpdir(), 'nodelens-os-'))
after(() => rmSync(home, { recursive: true, force: true }))
const MB = 1_048_576

function filesOf(tree: Tree): SystemFiles {
  const folder = mkdtempSync(join(home, 'root-'))
  plant(folder, tree)
  return new SystemFiles(folder)
}

describe('parsePressure', () => {
  it('reads both lines', () => {
    const text =
      'some avg10=2.50 avg60=1.00 avg300=0.10 total=77\nfull avg10=1.25 avg60=0.00 avg300=0.00 total=7\n'
    assert.deepEqual(parsePressure(text), { some10sPct: 2.5, someTotalUs: 77, full10sPct: 1.25 })
  })
  it('does without the second', () => {
    const { full10sPct } =
      parsePressure('some avg10=2.50 avg60=1.00 avg300=0.10 total=77') ?? assert.fail('nothing')
    assert.equal(full10sPct, undefined)
  })
  for (const text of [undefined, '', 'some nonsense', 'full avg10=1']) {
    it(`knows nothing of ${JSON.stringify(text)}`, () => {
      assert.equal(parsePressure(text), undefined)
    })
  }
})

describe('files of names and numbers', () => {
  it('reads what is one, and leaves out the rest', () => {
    const found = namedNumbers('a 1\nMemFree:   22 kB\nbad x\n\nmax -1\na 3')
    const names = ['a', 'MemFree', 'Mem', 'Free', 'bad', 'max', 'absent', '']
    const none = names.slice(2).map(() => undefined)
    const values = names.map((name) => found.get(name))
    assert.deepEqual(values, [1, 22, ...none])
  })
  it('reads memberships, and leaves out the rest', () => {
    assert.deepEqual(membershipsOf('4:memory,cpu:/a b\n0::/\nrubbish\n'), [
      { controllers: ['memory', 'cpu'], path: '/a b' },
      { controllers: [], path: '/' },
    ])
  })
})

describe('the cgroup', () => {
  it('of version 2 in a container', () => {
    const cgroup = new CgroupReader(filesOf(OS_TREES.v2)).read()
    assert.deepEqual(
      { ...cgroup, pressure: cgroup?.pressure.memory?.full10sPct },
      {
        version: 2,
        cpu: { limitCores: 0.5, periods: 1000, throttledPeriods: 400, throttledMs: 30_000 },
        memory: { limitBytes: 256 * MB, usedBytes: 240 * MB, oomKills: 1 },
        pids: { used: 19, limit: 20 },
        pressure: 18,
      },
    )
  })

  it('of version 2 on a host: the limit of the slice above counts', () => {
    const cgroup = new CgroupReader(filesOf(OS_TREES.v2Host)).read()
    assert.equal(cgroup?.cpu.limitCores, 1.5)
    assert.equal(cgroup.cpu.throttledPeriods, 2)
    assert.deepEqual(cgroup?.memory, {
      limitBytes: 1_000_000_000,
      usedBytes: 600_000_000,
      oomKills: undefined,
    })
  })

  it('of version 1, without a namespace, with a blank in a path', () => {
    const cgroup = new CgroupReader(filesOf(OS_TREES.v1)).read()
    assert.deepEqual(cgroup, {
      version: 1,
      cpu: { limitCores: 2, periods: 100, throttledPeriods: 10, throttledMs: 2500 },
      memory: { limitBytes: 512 * MB, usedBytes: 300_000_000, oomKills: 3 },
      pids: { used: 5, limit: undefined },
      pressure: { memory: undefined, io: undefined },
    })
  })

  it('of version 1 without limits has none', () => {
    const cgroup = new CgroupReader(
      filesOf({
        ...OS_TREES.v1,
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
      }),
    ).read()
    assert.equal(cgroup?.cpu.limitCores, undefined)
    assert.equal(cgroup?.memory.limitBytes, undefined)
  })

  it('is unknown where there is none', () => {
    assert.equal(new CgroupReader(filesOf(OS_TREES.none)).read(), undefined)
    assert.equal(new CgroupReader(filesOf({})).read(), undefined)
    assert.equal(new CgroupReader(filesOf(OS_TREES.broken)).read(), undefined)
  })
})

const disk = (more: Partial<Disk> = {}): Disk => ({
  folder: '/data',
  totalBytes: 10_000 * MB,
  availableBytes: 5000 * MB,
  usedPct: 50,
  filesUsedPct: 10,
  isWritable: true,
  ...more,
})

async function watchOf(tree: Tree, later: Tree = tree): Promise<OsWindow | undefined> {
  const folder = mkdtempSync(join(home, 'root-'))
  plant(folder, tree)
  let cpuMs = 100
  const disks = new DiskWatch(['/data'], async () => disk())
  const watch = new OsWatch({
    files: new SystemFiles(folder),
    disks,
    processCpuMs: () => cpuMs,
  })
  watch.tick(0)
  await new Promise((resolve) => setImmediate(resolve))
  plant(folder, later)
  cpuMs = 4100
  watch.tick(8000)
  return watch.window(8000)
}

describe('the window between two readings', () => {
  it('has rates of counters, and levels', async () => {
    const window = await watchOf(OS_TREES.v2, {
      ...OS_TREES.v2,
      '/proc/stat': 'cpu  1800 0 500 8400 100 0 50 550 0 0\ncpu0 1\ncpu1 1',
      '/proc/self/schedstat': '6000000000 4500000000 9999',
      '/sys/fs/cgroup/cpu.stat': 'nr_periods 1080\nnr_throttled 456\nthrottled_usec 34000000\n',
    })
    assert.ok(window !== undefined)
    const { disks, ...numbers } = window
    assert.equal(disks.length, 1)
    assert.deepEqual(
      Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [
          name,
          value === null ? null : Math.round(value * 10) / 10,
        ]),
      ),
      {
        spanMs: 8000,
        cores: 2,
        coresAllowed: 0.5,
        machineCpuPct: 71.4,
        machineStealPct: 14.3,
        machineIoWaitPct: 0,
        processCpuPct: 50,
        mainWaitPct: 50,
        othersCpuPct: 42.9,
        throttledPeriodsPct: 70,
        throttledTimePct: 50,
        memoryUsedPct: 25,
        memoryAvailableMb: 11_718.8,
        swapUsedMb: 488.3,
        rssMb: 200,
        cgroupMemoryLimitMb: 256,
        cgroupMemoryUsedMb: 240,
        cgroupMemoryUsedPct: 93.8,
        oomKills: 1,
        pidsUsedPct: 95,
        pressureCpuPct: 12.5,
        pressureMemoryPct: 20,
        pressureMemoryFullPct: 18,
        pressureIoPct: 0,
        pressureIoFullPct: 0,
      },
    )
  })

  for (const name of ['none', 'broken'] as const) {
    it(`of ${name} has null for what is not told, never 0`, async () => {
      const window = await watchOf(OS_TREES[name])
      const { cgroupMemoryUsedPct, throttledPeriodsPct, coresAllowed, oomKills, pidsUsedPct } =
        window ?? assert.fail('nothing')
      assert.deepEqual(
        [cgroupMemoryUsedPct, throttledPeriodsPct, coresAllowed, oomKills, pidsUsedPct],
        [null, null, null, null, null],
      )
    })
  }

  it('of a platform without /proc has the process’s own CPU, and null for the rest', async () => {
    const { spanMs, processCpuPct, disks, ...rest } = (await watchOf({})) ?? assert.fail('nothing')
    assert.equal(spanMs, 8000)
    assert.equal(processCpuPct, 50)
    assert.equal(disks.length, 1)
    assert.deepEqual(
      Object.entries(rest).filter(([, value]) => value !== null),
      [],
    )
  })
})

describe('judgeOs', () => {
  const healthy: OsWindow = {
    spanMs: 8000,
    cores: 2,
    coresAllowed: null,
    machineCpuPct: 40,
    machineStealPct: 0,
    machineIoWaitPct: 1,
    processCpuPct: 30,
    mainWaitPct: 1,
    othersCpuPct: 20,
    throttledPeriodsPct: null,
    throttledTimePct: null,
    memoryUsedPct: 50,
    memoryAvailableMb: 8000,
    swapUsedMb: 0,
    rssMb: 100,
    cgroupMemoryLimitMb: null,
    cgroupMemoryUsedMb: null,
    cgroupMemoryUsedPct: null,
    oomKills: null,
    pidsUsedPct: null,
    pressureCpuPct: 5,
    pressureMemoryPct: 0,
    pressureMemoryFullPct: 0,
    pressureIoPct: 0,
    pressureIoFullPct: 0,
    disks: [disk()],
  }
  const calm = { loopDelayP99Ms: 5, freshOomKills: 0 }
  const late = { loopDelayP99Ms: 180, freshOomKills: 0 }
  const throttled = { coresAllowed: 0.5, throttledPeriodsPct: 60, throttledTimePct: 40 }
  const crowded = { mainWaitPct: 60, machineCpuPct: 99, othersCpuPct: 80 }
  const cases: readonly (readonly [string, Partial<OsWindow>, typeof calm, readonly string[]])[] = [
    ['nothing', {}, calm, []],
    ['throttled, and late', throttled, late, ['warning cpu_throttled']],
    ['throttled, and nobody notices', throttled, calm, ['info cpu_throttled']],
    ['throttled now and then', { ...throttled, throttledPeriodsPct: 5 }, late, []],
    ['a crowded machine is nobody’s fault', crowded, late, ['info cpu_contention']],
    [
      'throttled on a crowded machine',
      { ...crowded, ...throttled },
      late,
      ['warning cpu_throttled'],
    ],
    ['a busy process by itself', { mainWaitPct: 3, machineCpuPct: 100, othersCpuPct: 2 }, calm, []],
    ['a machine that waits for itself', { ...crowded, othersCpuPct: 10 }, late, []],
    ['steal', { machineStealPct: 30 }, late, ['info cpu_steal']],
    ['close to the limit', { cgroupMemoryUsedPct: 92 }, calm, ['warning memory_near_limit']],
    ['at the limit', { cgroupMemoryUsedPct: 98 }, calm, ['critical memory_near_limit']],
    ['below the limit', { cgroupMemoryUsedPct: 80 }, calm, []],
    ['a kill', {}, { ...calm, freshOomKills: 2 }, ['critical oom_killed']],
    [
      'a machine without memory, by others',
      { memoryUsedPct: 98, memoryAvailableMb: 300 },
      calm,
      ['info memory_machine_full'],
    ],
    [
      'a machine without memory, by us',
      { memoryUsedPct: 98, memoryAvailableMb: 300, rssMb: 9000 },
      calm,
      ['warning memory_machine_full'],
    ],
    [
      'a large machine that is nearly full',
      { memoryUsedPct: 97, memoryAvailableMb: 9000 },
      calm,
      [],
    ],
    ['swapping', { pressureMemoryFullPct: 40 }, late, ['info memory_pressure']],
    ['out of threads', { pidsUsedPct: 95 }, calm, ['warning pids_near_limit']],
    [
      'a full disk',
      { disks: [disk({ usedPct: 100, availableBytes: 0 })] },
      calm,
      ['critical disk_full'],
    ],
    [
      'a disk that is nearly full',
      { disks: [disk({ usedPct: 98, availableBytes: 300 * MB })] },
      calm,
      ['warning disk_full'],
    ],
    [
      'a large disk with room',
      { disks: [disk({ usedPct: 98, availableBytes: 9000 * MB })] },
      calm,
      [],
    ],
    [
      'a read-only image',
      { disks: [disk({ usedPct: 100, availableBytes: 0, isWritable: false })] },
      calm,
      [],
    ],
    ['no inodes', { disks: [disk({ filesUsedPct: 100 })] }, calm, ['critical disk_full']],
  ]
  for (const [name, more, effects, expected] of cases) {
    it(name, () => {
      const findings = judgeOs({ ...healthy, ...more }, effects)
      assert.deepEqual(
        findings.map(({ severity, trouble }) => `${severity} ${trouble}`),
        expected,
      )
    })
  }

  it('says what the limit is, and that it is the limit', () => {
    const window = { ...healthy, ...throttled, processCpuPct: 48 }
    const { observation, explanation, remedy } = wordsOf(
      { trouble: 'cpu_throttled', severity: 'warning' },
      window,
      late,
    )
    assert.equal(
      observation,
      'The cgroup may use 0.5 CPUs and was throttled in 60 % of the periods, 40 % of the time (over 8 s); the event loop was up to 180 ms late',
    )
    assert.match(explanation, /CPU limit of the container/)
    assert.match(remedy, /cpu\.max/)
  })
})

describe('DiskWatch', () => {
  it('does not wait for a file system that hangs', async () => {
    let asked = 0
    const disks = new DiskWatch(['/hangs', '/fine'], (folder) => {
      asked += 1
      return folder === '/fine' ? Promise.resolve(disk({ folder })) : new Promise(() => {})
    })
    disks.tick(0)
    await new Promise((resolve) => setImmediate(resolve))
    disks.tick(20_000)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(
      disks.disks().map(({ folder }) => folder),
      ['/fine'],
    )
    assert.equal(asked, 3)
  })
})

describe('os in a running application', () => {
  it('reads this machine, and blames nobody', async () => {
    const run = await runApp('idle', {
      skills: ['os'],
      warmUpMs: 6000,
      ask: [{ snapshot: 'os' }, { call: 'os_findings' }, { call: 'os_disks' }],
    })
    const data = Object(run.answer('os')?.snapshot?.data)
    assert.ok(data.processCpuPct >= 0)
    if (process.platform === 'linux') {
      assert.ok(data.machineCpuPct >= 0 && data.machineCpuPct <= 100, String(data.machineCpuPct))
      assert.ok(data.memoryTotalMb > 100)
    }
    const findings: { severity: string; trouble: string }[] = Object(
      run.answer('os_findings')?.value,
    )
    const blamed = findings.filter(
      ({ severity, trouble }) => severity !== 'info' && trouble !== 'disk_full',
    )
    assert.deepEqual(blamed, [])
    assert.ok(Object(run.answer('os_disks')?.value).length > 0)
  })
})
