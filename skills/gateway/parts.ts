import { basename, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
import { baseSkill } from '../base/skill.ts'
import type { BuiltInSkill } from '../built-in-skill.ts'
import { MetricFeed, type MetricReadings } from '../history/feed.ts'
import { History, MAX_METRICS } from '../history/history.ts'
import { epochMs } from '../probe/clock.ts'
import { WORD } from '../probe/layout.ts'
import { SourceFiles } from '../source/source-files.ts'
import { CensusRun } from '../tables/census-run.ts'
import { QuietLook } from '../tables/quiet-look.ts'
import { tablesSkill } from '../tables/skill.ts'
import { TableWatch } from '../tables/table-watch.ts'
import { HeapWatch } from '../vm/heap-watch.ts'
import { VmMeter } from '../vm/meter.ts'
import { PoolWatch } from '../vm/pool-watch.ts'
import { vmSkill } from '../vm/skill.ts'
import { ChopWatch } from '../vm-events/chop-watch.ts'
import { stallReadings, vmEventsSkill } from '../vm-events/skill.ts'
import { StallLog } from '../vm-events/stall-log.ts'
import { StallWatch } from '../vm-events/stall-watch.ts'
import { contained, type OnFailure } from './contained.ts'
import { HeartbeatReader } from './heartbeat-reader.ts'
import { Inspector } from './inspector.ts'
import { hearLastWords } from './last-words.ts'
import { MainAccess } from './main-access.ts'
import type { GatewayOptions } from './options.ts'
import type { OutsideHalf, SkillContext } from './outside-part.ts'
import { OUTSIDE_PARTS } from './outside-parts.ts'
import { Patrol } from './patrol.ts'
import { RaisedLately } from './raised-lately.ts'
import { WorkerRelay } from './relay.ts'
import { type SafeRemote, wrapSafe } from './remote.ts'
import type { GatewaySignal } from './signal.ts'
import { StallSignals } from './signals.ts'

const TICK_MS = 1000
/** For the answers of workers; main waits longer than that. */
const EXIT_DRAIN_MS = 300

/** The gateway's working parts, wired together. */
export class GatewayParts {
  readonly reader: HeartbeatReader
  readonly inspector: Inspector
  readonly access: MainAccess
  readonly watch: StallWatch
  readonly chop: ChopWatch
  readonly log: StallLog
  readonly heap: HeapWatch
  readonly tables: TableWatch
  readonly look: QuietLook
  readonly #pool: PoolWatch
  readonly census: CensusRun
  readonly history: History
  readonly files = new SourceFiles()
  readonly ownFolders = ownFolders()
  readonly root: string
  /** Skills that come as parts. */
  readonly halves: ReadonlyMap<string, OutsideHalf>
  readonly #options: Required<GatewayOptions>
  readonly #feed: MetricFeed
  readonly #raised = new RaisedLately()
  #remote: SafeRemote | undefined
  #relay: WorkerRelay | undefined
  #stops: (() => void)[] = []
  #isStopped = false

  constructor(given: Required<GatewayOptions>) {
    const onSignal = this.#raised.listening(given.onSignal)
    const options = { ...given, onSignal }
    this.#options = options
    this.root = options.root
    this.reader = new HeartbeatReader(options.heartbeat)
    this.inspector = new Inspector(this.reader.words, options.mainPauseMsPerMinute, (spentMs) => {
      onSignal({ type: 'budget-exhausted', spentMs })
    })
    this.history = new History((what) => {
      const message = `${MAX_METRICS} metrics are kept, this one is not`
      onSignal({ type: 'history-degraded', why: 'full', what, message })
    })
    this.#feed = new MetricFeed(this.history, (what, message) => {
      onSignal({ type: 'history-degraded', why: 'reading-failed', what, message })
    })
    this.log = new StallLog(this.files, options.root)
    const { reader, inspector, ownFolders: own } = this
    const signals = new StallSignals(this.log, onSignal)
    const onStall = (evidence: Parameters<StallSignals['note']>[0]): void =>
      signals.note(evidence, epochMs())
    this.watch = new StallWatch({ reader, inspector, ownFolders: own, onStall })
    this.chop = new ChopWatch({ reader, inspector, ownFolders: own, onChop: onStall })
    this.access = new MainAccess(
      this.inspector,
      () => this.watch.lateMs,
      () => this.#remote,
    )
    this.census = new CensusRun(inspector, own)
    this.tables = new TableWatch(this.census, this.access)
    this.heap = this.#heapWatch()
    this.look = this.#quietLook()
    this.#pool = new PoolWatch((symptom) => onSignal({ type: 'symptom', ...symptom }))
    this.halves = this.#makeHalves()
  }

  #heapWatch(): HeapWatch {
    const { onSignal, skills } = this.#options
    const arm = (): void => {
      if (skills.includes('tables')) this.tables.arm()
    }
    const onGrowth = (signal: GatewaySignal): void => {
      arm()
      onSignal(signal)
    }
    return new HeapWatch(this.reader, onGrowth, () => (this.watch.isUp ? arm() : undefined))
  }

  #quietLook(): QuietLook {
    const { tables, heap, files, root } = this
    const { onSignal } = this.#options
    return new QuietLook({
      tables,
      heap,
      files,
      root,
      appFiles: () => this.appFiles(),
      raise: (symptom) => onSignal({ type: 'symptom', ...symptom }),
    })
  }

  async #leave(): Promise<void> {
    await this.#relay?.drain(EXIT_DRAIN_MS)
    this.inspector.close()
  }

  start(): void {
    const { reader, files, heap } = this
    const { connect, onSignal, skills } = this.#options
    Atomics.store(reader.words, WORD.gateway, 1)
    this.watch.start()
    const lastWords = hearLastWords({
      reader,
      files,
      ownFolders: this.ownFolders,
      onExit: () => this.#leave(),
      onCrash: onSignal,
    })
    const meters = this.#meters()
    const timer = setInterval(() => {
      lastWords.check()
      heap.tick()
      this.chop.tick(this.watch.isUp && this.watch.current === undefined)
      if (skills.includes('tables'))
        this.tables.tick(Atomics.load(reader.words, WORD.registered), this.watch.lateMs)
      this.look.tick()
      if (skills.includes('vm') && this.watch.isUp) this.#pool.tick(performance.now())
      const now = epochMs()
      for (const half of this.halves.values()) half.tick?.(now)
      for (const [skill, metrics] of meters) this.#feed.ask(skill, metrics, now)
    }, TICK_MS).unref()
    const patrol = new Patrol({
      access: this.access,
      halves: this.halves,
      lateMs: () => this.watch.lateMs,
      feed: this.#feed,
      hasCustom: this.#options.custom.length > 0,
    })
    this.#stops = [() => clearInterval(timer), lastWords.stop, patrol.start()]
    void connect().then(
      (port) => this.#attach(port),
      () => {},
    )
  }

  /** Files of the application's own code, as the last census listed them. */
  appFiles(): string[] {
    return this.census.appFiles()
  }

  stop(): void {
    this.#isStopped = true
    Atomics.store(this.reader.words, WORD.gateway, 0)
    this.watch.stop()
    this.chop.stop()
    for (const stop of this.#stops.splice(0)) stop()
    for (const half of this.halves.values()) half.stop?.()
    this.inspector.close()
    this.#remote?.close()
  }

  /** What is read each second; skills that hear main are read when they do. */
  #meters(): [string, (now: number) => MetricReadings][] {
    const own: Record<string, (now: number) => MetricReadings> = {
      vm: new VmMeter(this.reader).metrics,
      vm_events: (now) => stallReadings(this, now),
      tables: () => ({ gauges: this.tables.registeredSizes() }),
    }
    const halves = [...this.halves].flatMap(
      ([id, { hear, metrics }]): [string, (now: number) => MetricReadings][] =>
        metrics === undefined || hear !== undefined ? [] : [[id, metrics]],
    )
    return [...Object.entries(own).filter(([id]) => this.#options.skills.includes(id)), ...halves]
  }

  #makeHalves(): ReadonlyMap<string, OutsideHalf> {
    const parts = OUTSIDE_PARTS.filter(({ id }) => this.#options.skills.includes(id))
    const { onSignal } = this.#options
    return new Map(
      parts.map(({ id: skill, make }) => {
        const onFailure: OnFailure = (what, message) =>
          onSignal({ type: 'skill-degraded', skill, why: 'threw', what, message })
        return [skill, contained(make(this.#context()), onFailure)]
      }),
    )
  }

  #context(): SkillContext {
    const { reader, access, inspector, files, ownFolders: own, root, watch, history } = this
    this.#relay ??= new WorkerRelay(inspector)
    const { skills, custom, anomaly, onSignal } = this.#options
    return {
      skills: [...skills, ...custom.map(({ id }) => id), 'base'],
      anomaly,
      history,
      reader,
      access,
      inspector,
      relay: this.#relay,
      files,
      ownFolders: own,
      root,
      lateMs: () => watch.lateMs,
      isUp: () => watch.isUp,
      raise: (symptom) => void onSignal({ type: 'symptom', ...symptom }),
      report: (signal) => void onSignal(signal),
      isRaisedByOthers: (since, skill) => this.#raised.byOthersSince(since, skill),
    }
  }

  #attach(port: MessagePort): void {
    if (this.#isStopped) port.close()
    else this.#remote = wrapSafe(port)
  }
}

/** The skills that were asked for, base first. */
export function skillsOf(
  parts: GatewayParts,
  ids: readonly string[],
): ReadonlyMap<string, BuiltInSkill> {
  const makers: Record<string, () => BuiltInSkill> = {
    vm: () => vmSkill(parts),
    tables: () => tablesSkill(parts),
    vm_events: () => vmEventsSkill(parts),
  }
  const skills = new Map([['base', baseSkill(parts.reader, parts.history)]])
  for (const id of ids) {
    const skill = makers[id]?.() ?? parts.halves.get(id)?.skill
    if (skill !== undefined) skills.set(id, skill)
  }
  return skills
}

/** Frames of our own rooms are never a culprit, neither as built nor as source maps name them. */
function ownFolders(): string[] {
  const rooms = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const homes = basename(rooms) === 'dist' ? [rooms, dirname(rooms)] : [rooms]
  return homes.flatMap((home) =>
    ['skills', 'runtime', 'agents', 'sandbox'].map((room) => join(home, room) + sep),
  )
}
