import { readdirSync } from 'node:fs'
import * as v from 'valibot'
import { type BuiltInCallback, type BuiltInSkill, builtInCallback } from '../built-in-skill.ts'
import { percentile } from '../gateway/heartbeat-reader.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import type { Json, JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { OS_DRILLDOWN, OS_PROMPT } from './drilldown.ts'
import { type Effects, judgeOs, type OsFinding } from './verdict.ts'
import { OsWatch } from './watch.ts'
import { numbersOf, type OsWindow } from './window.ts'
import { wordsOf } from './words.ts'

const MB = 1_048_576
/** Time over which is judged. */
const JUDGE_MS = 8000
/** Readings in a row with the same trouble before it is raised: two seconds apart. */
const LASTING = 4
/** Heartbeats of the time over which is judged. */
const BEATS = 160

/** The surroundings of the process: CPU, memory, disks, cgroup limits, pressure. Nothing of main is needed. */
export const osOutside: OutsidePart = {
  id: 'os',
  make: (context) => new OsHalf(context, new OsWatch()),
}

/** Exported for its tests, which bring files of their own. */
export class OsHalf implements OutsideHalf {
  readonly skill: BuiltInSkill
  readonly #context: SkillContext
  readonly #watch: OsWatch
  readonly #raised = new RaiseOnce()
  readonly #lasting = new Map<string, number>()

  constructor(context: SkillContext, watch: OsWatch) {
    this.#context = context
    this.#watch = watch
    this.skill = {
      id: 'os',
      title: 'Operating system and container',
      description:
        'Surroundings of the process: CPU and load, memory, disks, container (cgroup) limits, throttling, OOM kills, pressure (PSI); why it is slow without a fault of its own.',
      systemPrompt: OS_PROMPT,
      watch: [],
      drilldown: OS_DRILLDOWN,
      snapshot: async () => ({ data: this.#snapshot(), via: 'outside' }),
      callbacks: this.#callbacks(),
    }
  }

  readonly tick = (now: number): void => {
    if (this.#watch.tick(now) && this.#context.isUp()) this.#raiseAll(now)
  }

  readonly metrics = (): MetricReadings => this.#watch.metrics()

  #raiseAll(now: number): void {
    const window = this.#watch.window(JUDGE_MS)
    if (window === undefined) return
    const findings = judgeOs(window, this.#effects())
    const keys = new Set(findings.map(keyOf))
    for (const key of this.#lasting.keys()) if (!keys.has(key)) this.#lasting.delete(key)
    for (const finding of findings) {
      const key = keyOf(finding)
      const readings = (this.#lasting.get(key) ?? 0) + 1
      this.#lasting.set(key, readings)
      const { severity } = finding
      if (severity === 'info' || readings < LASTING || !this.#raised.take(key, now)) continue
      const { observation } = wordsOf(finding, window, this.#effects())
      this.#context.raise({ skill: 'os', key, severity, reason: `${observation}.` })
    }
  }

  #effects(): Effects {
    const late = this.#context.reader.recentLatenesses(BEATS).sort((left, right) => left - right)
    return {
      loopDelayP99Ms: percentile(late, 0.99),
      freshOomKills: this.#watch.freshOomKills,
    }
  }

  #window(): OsWindow | undefined {
    return this.#watch.window(JUDGE_MS)
  }

  #findings(): JsonRecord[] {
    const window = this.#window()
    if (window === undefined) return []
    const effects = this.#effects()
    return judgeOs(window, effects).map((finding) => ({
      trouble: finding.trouble,
      severity: finding.severity,
      reportable: true,
      confidence: finding.severity === 'info' ? 'medium' : 'high',
      ...wordsOf(finding, window, effects),
      ...levelsOf(window),
    }))
  }

  #snapshot(): JsonRecord {
    const window = this.#window()
    const { machine, process: own } = this.#watch.last ?? this.#watch.read(epochMs())
    const [one = null, five = null, fifteen = null] = machine.loadAverages ?? []
    const disks = window?.disks ?? []
    return {
      loadAverage1m: one,
      loadAverage5m: five,
      loadAverage15m: fifteen,
      ...(window === undefined ? {} : levelsOf(window)),
      memoryTotalMb: inMb(machine.memoryTotalBytes),
      cgroupVersion: this.#watch.last?.cgroup?.version ?? null,
      diskUsedPct:
        disks.length === 0 ? null : round1(Math.max(...disks.map((disk) => disk.usedPct))),
      descriptorsOpen: countDescriptors(),
      descriptorLimit: own.descriptorLimit ?? null,
      troubles: window === undefined ? 0 : judgeOs(window, this.#effects()).length,
      windowSeconds: window === undefined ? 0 : Math.round(window.spanMs / 1000),
    }
  }

  #callbacks(): Record<string, BuiltInCallback> {
    const nothing = v.strictObject({})
    return {
      os_findings: builtInCallback({
        doc: 'What is wrong around the process, over the last 8 s: trouble (cpu_throttled, memory_near_limit, memory_machine_full, memory_pressure, oom_killed, disk_full, pids_near_limit; as info: cpu_contention, cpu_steal, io_pressure, which are no fault of the application), severity, observation, explanation, remedy, and all numbers of the snapshot. Empty when all is well.',
        input: nothing,
        run: () => this.#findings(),
      }),
      os_cpu: builtInCallback({
        doc: 'CPU over the last 8 s: cores, coresAllowed (by the cgroup; null: no limit), machineCpuPct, machineStealPct, machineIoWaitPct, othersCpuPct (of the machine, other processes), processCpuPct (100 = one core), mainWaitPct (time in which main was runnable without a CPU), throttledPeriodsPct, throttledTimePct, pressureCpuPct.',
        input: nothing,
        run: () => this.#some(/cpu|cores|mainWait|throttled|spanMs/i),
      }),
      os_memory: builtInCallback({
        doc: 'Memory: memoryUsedPct, memoryAvailableMb, swapUsedMb (machine), rssMb (process), cgroupMemoryLimitMb (null: no limit), cgroupMemoryUsedMb (without droppable cache), cgroupMemoryUsedPct, oomKills (of the cgroup since it was made), pressureMemoryPct, pressureMemoryFullPct.',
        input: nothing,
        run: () => this.#some(/memory|swap|rss|oom/i),
      }),
      os_disks: builtInCallback({
        doc: 'File systems of the working directory and of the temporary folder: folder, totalMb, availableMb, usedPct, filesUsedPct (inodes; null: not limited), isWritable.',
        input: nothing,
        run: () => (this.#window()?.disks ?? []).map(diskRow),
      }),
    }
  }

  #some(names: RegExp): Json {
    const window = this.#window()
    if (window === undefined) return {}
    return Object.fromEntries(Object.entries(levelsOf(window)).filter(([name]) => names.test(name)))
  }
}

function keyOf({ trouble, disk }: OsFinding): string {
  return disk === undefined ? trouble : `${trouble} ${disk.folder}`
}

function levelsOf(window: OsWindow): JsonRecord {
  return Object.fromEntries(
    Object.entries(numbersOf(window)).map(([name, value]) => [
      name,
      value === null ? null : round1(value),
    ]),
  )
}

function diskRow(disk: OsWindow['disks'][number]): JsonRecord {
  return {
    folder: disk.folder,
    totalMb: Math.round(disk.totalBytes / MB),
    availableMb: Math.round(disk.availableBytes / MB),
    usedPct: round1(disk.usedPct),
    filesUsedPct: disk.filesUsedPct === undefined ? null : round1(disk.filesUsedPct),
    isWritable: disk.isWritable,
  }
}

/** null where the platform does not tell. */
function countDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}

function inMb(bytes: number | undefined): number | null {
  return bytes === undefined ? null : Math.round(bytes / MB)
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
