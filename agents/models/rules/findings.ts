/** Turns what a skill declares and what was measured into drafts of notifications. Pure. */

import * as v from 'valibot'
import { atPath, evaluateConditions, renderTemplate } from '../../../skills/index.ts'
import { bounds } from '../../vocabulary/bounds.ts'
import {
  confidenceSchema,
  type Evidence,
  type Location,
  locationSchema,
  severityRank,
  severitySchema,
} from '../../vocabulary/fields.ts'
import { isJsonObject, type Json } from '../../vocabulary/json.ts'
import type { Snapshot } from '../../vocabulary/notification.ts'
import type { NotificationDraft } from '../../vocabulary/operator-action.ts'
import type { DrillStep, SkillDescription, WatchRule } from '../../vocabulary/skill-description.ts'

/** Rows of one step that become notifications, unless the step says otherwise. */
const defaultRows = 3

/** One draft for each type of watch rule whose bound is passed, the worst severity of a type. */
export function watchFindings(skill: SkillDescription, snapshot: Snapshot): NotificationDraft[] {
  const worst = new Map<string, NotificationDraft>()
  for (const rule of skill.watch) {
    const draft = watchFinding(skill, rule, snapshot)
    const known = draft === undefined ? undefined : worst.get(draft.type)
    const isWorse =
      known === undefined ||
      (draft !== undefined && severityRank(draft.severity) > severityRank(known.severity))
    if (draft !== undefined && isWorse) worst.set(draft.type, draft)
  }
  return [...worst.values()]
}

function watchFinding(
  skill: SkillDescription,
  rule: WatchRule,
  snapshot: Snapshot,
): NotificationDraft | undefined {
  const { metric, above, below } = rule
  const value = atPath(snapshot.data, metric)
  const limits = {
    ...(above === undefined ? {} : { above }),
    ...(below === undefined ? {} : { below }),
  }
  const isPassed =
    Object.keys(limits).length > 0 &&
    evaluateConditions([{ field: metric, ...limits }], snapshot.data)
  if (!isPassed || typeof value !== 'number') return undefined
  const bound = Object.entries(limits).map(([side, limit]) => `${side} ${limit}`)
  const fill = (template: string) =>
    sentence(renderTemplate(template, snapshot.data, { value, snapshot: snapshot.data }))
  return {
    type: (rule.type ?? `${skill.id}_${metric}`).slice(0, bounds.typeCharacters),
    severity: rule.severity,
    context: `Snapshot ${snapshot.id} of ${skill.title}, taken ${snapshot.capturedAt}; ${metric} is out of the normal when ${bound.join(' and ')}.`,
    observation: fill(rule.observation),
    ...optional('hypothesis', rule.hypothesis, fill),
    ...optional('remediation', rule.remediation, fill),
    snapshotIds: [snapshot.id],
    evidence: [{ name: metric, value }],
  }
}

/**
 * Tells whether a step is due: its conditions hold on the snapshot, or somebody asked with a
 * reason. Who asks may know what no snapshot shows yet, and the rows decide anyway.
 */
export function isDue(step: DrillStep, snapshot: Snapshot, isAsked: boolean): boolean {
  return isAsked || evaluateConditions(step.when, snapshot.data)
}

/** One draft for each row that counts, in the order of the rows, up to the step's limit. */
export function drillFindings(
  step: DrillStep,
  rows: readonly Json[],
  snapshot: Snapshot,
): NotificationDraft[] {
  return rows
    .filter((row) => evaluateConditions(step.rows, row))
    .slice(0, step.limit ?? defaultRows)
    .map((row) => drillFinding(step, row, snapshot))
}

function drillFinding(step: DrillStep, row: Json, snapshot: Snapshot): NotificationDraft {
  const { notify } = step
  const render = (template: string) =>
    renderTemplate(template, row, { snapshot: snapshot.data }).trim()
  const fill = (template: string) => sentence(render(template))
  const confidence = v.safeParse(confidenceSchema, render(notify.confidence ?? ''))
  const severity = v.safeParse(severitySchema, render(notify.severity))
  const location = notify.location === undefined ? undefined : placeAt(row, notify.location)
  return {
    type: notify.type.slice(0, bounds.typeCharacters),
    severity: severity.success ? severity.output : 'warning',
    context: shorten(render(notify.context), bounds.textCharacters) || step.id,
    observation: fill(notify.observation) || `${step.id} returned a row that counts`,
    ...optional('hypothesis', notify.hypothesis, fill),
    ...optional('remediation', notify.remediation, fill),
    snapshotIds: [snapshot.id],
    ...(location === undefined ? {} : { location }),
    ...(confidence.success ? { confidence: confidence.output } : {}),
    evidence: evidenceAt(row, snapshot, notify.evidence ?? []),
    ...(notify.explains === undefined ? {} : { explains: notify.explains.slice(0, bounds.ids) }),
  }
}

/** The place at a path of a row, if it names a file and a line; a function without a name is `(anonymous)`. */
function placeAt(row: Json, path: string): Location | undefined {
  const place = atPath(row, path)
  if (!isJsonObject(place)) return undefined
  const { package: packageName, function: name } = place
  const parsed = v.safeParse(locationSchema, {
    file: place['file'],
    line: place['line'],
    function: typeof name === 'string' && name !== '' ? name : '(anonymous)',
    ...(typeof packageName === 'string' && packageName !== '' ? { package: packageName } : {}),
  })
  return parsed.success ? parsed.output : undefined
}

function evidenceAt(row: Json, snapshot: Snapshot, paths: readonly string[]): Evidence[] {
  return paths.slice(0, bounds.evidence).flatMap((path): Evidence[] => {
    const value = path.startsWith('snapshot.')
      ? atPath({ snapshot: snapshot.data }, path)
      : atPath(row, path)
    if (value === undefined || value === null || value === '') return []
    const name = path.slice(0, 200)
    if (typeof value === 'number' || typeof value === 'boolean') return [{ name, value }]
    return [{ name, value: sentence(typeof value === 'string' ? value : JSON.stringify(value)) }]
  })
}

function optional<TKey extends string>(
  key: TKey,
  template: string | undefined,
  fill: (template: string) => string,
): { readonly [K in TKey]?: string } {
  const text = template === undefined ? '' : fill(template)
  const result: { [K in TKey]?: string } = {}
  // a template of one absent field renders as `?` and says nothing
  if (text !== '' && text !== '?') result[key] = text
  return result
}

/** Cuts to the length of a sentence in the vocabulary. */
export function sentence(text: string): string {
  return shorten(text, bounds.sentenceCharacters)
}

/** Cuts, with an ellipsis. */
function shorten(text: string, maximum: number): string {
  return text.length > maximum ? `${text.slice(0, maximum - 1)}…` : text
}

/** `1 snapshot`, `2 snapshots`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
