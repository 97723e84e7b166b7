/** Chooses the skills that fit a reason. Pure. When unsure, all of them: a look costs nothing here. */
import type { SkillSummary } from '../../vocabulary/skill-description.ts'

/** Words by which people complain, and words by which skills describe themselves, of one subject. */
const subjects: readonly (readonly string[])[] = [
  [
    'memory',
    'heap',
    'leak',
    'rss',
    'cache',
    'map',
    'table',
    'buffer',
    'gc',
    'garbage',
    'oom',
    'retain',
    'collection',
  ],
  [
    'slow',
    'latency',
    'p99',
    'p95',
    'lag',
    'delay',
    'stall',
    'block',
    'event',
    'loop',
    'cpu',
    'hang',
    'stuck',
    'freeze',
    'timeout',
    'unresponsive',
    'gc',
    'garbage',
    'thread',
  ],
  ['error', 'exception', 'crash', 'reject', 'throw', 'log', 'fail', '500', 'unhandled'],
  [
    'socket',
    'connection',
    'handle',
    'descriptor',
    'port',
    'http',
    'request',
    'upstream',
    'network',
    'fetch',
  ],
  ['database', 'sql', 'query', 'pool', 'pg', 'postgres', 'redis', 'connection'],
  ['worker', 'thread', 'process', 'restart', 'supervisor', 'crash', 'respawn'],
]

/** Built-in skills that can know the cause of a symptom of each of the `subjects`. */
const knowers: readonly (readonly string[])[] = [
  ['tables', 'gc', 'allocator'],
  ['vm_events', 'profiler', 'gc', 'threads', 'os'],
  ['exception', 'logger'],
  ['handles', 'http'],
  ['postgres'],
  ['supervisor', 'threads'],
]

/** Built-in skills that can know the cause of what a text tells. */
export function knowersOf(text: string): string[] {
  const words = wordsOf(text)
  const fitting = knowers.filter((_, index) => subjects[index]?.some((word) => has(words, word)))
  return [...new Set(fitting.flat())]
}

/** Ids of the skills to invoke, in the order given. */
export function fittingSkills(
  skills: readonly Omit<SkillSummary, 'explainedBy'>[],
  reason: string | undefined,
): readonly string[] {
  const all = skills.map((skill) => skill.id)
  if (reason === undefined) return all
  const wanted = wordsOf(reason)
  const subjectWords = subjects
    .filter((subject) => subject.some((word) => has(wanted, word)))
    .flat()
  // a skill fits by its name, or by describing itself with words of the reason's subject
  const fitting = skills.filter((skill) => {
    const described = wordsOf(`${skill.id} ${skill.title} ${skill.description}`)
    return (
      subjectWords.some((word) => has(described, word)) ||
      wordsOf(skill.id).some((word) => has(wanted, word))
    )
  })
  return subjectWords.length === 0 || fitting.length === 0 ? all : fitting.map((skill) => skill.id)
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}

/** The word itself or a form of it: `leaks`, `leaking`. */
function has(words: readonly string[], word: string): boolean {
  return words.some(
    (candidate) => candidate === word || (word.length >= 4 && candidate.startsWith(word)),
  )
}
