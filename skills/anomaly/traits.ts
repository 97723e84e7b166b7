/** What a metric's name tells of it: names carry their units, and say what they count. Pure. */

/**
 * `work`: what the process is asked to do; more of it is no fault. `pain`: what its users or its own work
 * suffer from. `use`: how much of something it takes. `other`: the name does not tell.
 */
export type Role = 'work' | 'pain' | 'use' | 'other'

export type Unit =
  | 'ms'
  | 's'
  | 'mb'
  | 'bytes'
  | 'pct'
  | 'perSecond'
  | 'perMinute'
  | 'count'
  /** Milliseconds in each second: CPU, pauses. */
  | 'msPerSecond'
  | 'bytesPerSecond'

export interface Traits {
  readonly role: Role
  /** The direction in which a change is worth a word. */
  readonly harm: 'up' | 'down' | 'both' | 'none'
  readonly unit: Unit
  /** Changes below this amount, in the metric's unit, never matter. */
  readonly atom: number
  /** A share of what goes well: what goes wrong is the rest to 100. */
  readonly isComplement: boolean
}

/** Clocks, limits, identities, verdicts of others, and counts over the last minutes, which outlive what they count. */
const IGNORED =
  /^(uptime|version|port|pid|id|limit|limits|max connections|pool size|thread id|window)\b|\b(limit|uptime|version|capacity|growth|troubles|findings|cores|threshold)\b|^(is|has) | at$|\d+[mh]$/
const PAIN =
  /\b(latency|delay|late|lag|wait|waits|waiting|waiters|queued|backlog|p50|p75|p90|p95|p99|p999|slow|slowest|duration|pause|pauses|oldest|longest|error|errors|fail|failed|failures|reject|rejected|rejections|exception|exceptions|uncaught|unhandled|refused|abort|aborted|timeout|timeouts|throttled|stall|stalls|stalled|drop|dropped|retry|retries|oom|restart|restarts|crash|crashes|blocked|deadlocks|pressure|stuck|warnings|miss|misses|age|orphans|missing|overdue|lost)\b/
const WORK =
  /\b(requests|request|calls|queries|messages|jobs|operations|ops|events|lines|commits|hits|in|inbound|out|outbound|completed|processed|handled|done|throughput|traffic|sent|received|infos|debugs|written)\b/
const USE =
  /\b(cpu|utilization|usage|used|use|gc|heap|rss|memory|mb|bytes|external|buffers|malloc|space|spaces|open|active|handles|sockets|timers|descriptors|fds|connections|pool|idle|threads|children|workers|size|depth|entries|load|loose|outside|resources|busy|survived|fragmentation)\b/
const GOOD_SHARE = /\b(hit|hits|success|ok|free|available|healthy)\b/

/** What the machine does is not the application's: it is told beside what changed, and never by itself. */
const SURROUNDINGS = ['os']

/**
 * Reads a metric's name, or undefined where there is nothing to learn.
 *
 * @param name Without its skill.
 * @param skill The skill's id tells where the name alone does not: `sharePct` of `gc`.
 */
export function traitsOf(name: string, skill = ''): Traits | undefined {
  const words = wordsOf(name)
  if (IGNORED.test(words)) return undefined
  const unit = unitOf(words)
  const isComplement = unit === 'pct' && GOOD_SHARE.test(words)
  const byName = isComplement ? 'pain' : roleOf(words, unit)
  const role = byName === 'other' ? roleOf(`${wordsOf(skill)} ${words}`, unit) : byName
  const harm = SURROUNDINGS.includes(skill) ? 'none' : HARM[role]
  return { role, harm, unit, atom: atomOf(unit, role), isComplement }
}

const HARM: Readonly<Record<Role, Traits['harm']>> = {
  other: 'both',
  work: 'down',
  pain: 'up',
  use: 'up',
}

/** `loopDelayP99Ms` and `loop_delay_p99_ms` are both `loop delay p99 ms`. */
export function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/[_.\-\s]+/g, ' ')
    .trim()
    .toLowerCase()
}

function roleOf(words: string, unit: Unit): Role {
  if (PAIN.test(words)) return 'pain'
  if (USE.test(words) && unit !== 'perSecond' && unit !== 'bytesPerSecond') return 'use'
  if (WORK.test(words)) return 'work'
  if (USE.test(words) || unit === 'mb' || unit === 'bytes') return 'use'
  return 'other'
}

function unitOf(words: string): Unit {
  if (/\bms per (second|sec|s)$/.test(words)) return 'msPerSecond'
  if (/\bbytes per (second|sec|s)$/.test(words)) return 'bytesPerSecond'
  if (/\bper (second|sec|s)$/.test(words)) return 'perSecond'
  if (/\bper (minute|min)$/.test(words)) return 'perMinute'
  if (/\b(ms|millis|milliseconds)$/.test(words)) return 'ms'
  if (/\b(seconds|secs|s)$/.test(words)) return 's'
  if (/\b(mb|megabytes)$/.test(words)) return 'mb'
  if (/\bbytes$/.test(words)) return 'bytes'
  return /\b(pct|percent)$/.test(words) ? 'pct' : 'count'
}

function atomOf(unit: Unit, role: Role): number {
  switch (unit) {
    case 'ms':
      return 10
    case 's':
      return 1
    case 'mb':
      return 8
    case 'bytes':
      return 8 * 1_048_576
    case 'pct':
      return role === 'pain' ? 2 : 10
    case 'perSecond':
      return role === 'pain' ? 0.2 : 1
    case 'perMinute':
      return role === 'pain' ? 5 : 30
    case 'msPerSecond':
      return role === 'pain' ? 20 : 100
    case 'bytesPerSecond':
      return 102_400
    case 'count':
      return role === 'use' ? 5 : 3
    default:
      return unit satisfies never
  }
}

/**
 * Where values of all sizes can be compared: near zero in steps of the atom, beyond it by ratio. A doubling of
 * a large value is 0.69, whatever the value.
 * @see https://en.wikipedia.org/wiki/Inverse_hyperbolic_functions asinh, as used for data with zeros: Johnson
 * (1949), "Systems of frequency curves generated by methods of translation"
 */
export function scaled(value: number, { atom, isComplement }: Traits): number {
  return Math.asinh((isComplement ? Math.max(0, 100 - value) : value) / atom)
}

/** The value that has this place on the scale. */
export function unscaled(place: number, { atom, isComplement }: Traits): number {
  const value = Math.sinh(place) * atom
  return isComplement ? 100 - value : value
}
