/** The unchanging part of a prompt: who the agent is, its rules, its tools. */
import type {
  CoordinatorRequest,
  ModelRequest,
  OperatorRequest,
} from '../vocabulary/model-request.ts'
import type { CallbackDescription, SkillSummary } from '../vocabulary/skill-description.ts'
import type { ToolSchema } from './action-schema.ts'
import { cleaned } from './clean-data.ts'
import { fenceRule } from './fence.ts'
import { cut } from './redact.ts'
import { schemaText, signatureText } from './schema-text.ts'

/**
 * The system text of a request. What is the same for every agent of a kind comes first (operators of
 * all skills share it), then what is the same for every run of a skill, the tag of the run last: a
 * provider's cache holds over turns, operators and runs.
 */
export function systemText(
  request: ModelRequest,
  tools: readonly ToolSchema[],
  { tag, secrets }: { readonly tag: string; readonly secrets: readonly string[] },
): string {
  const [common, own] =
    request.agent === 'operator'
      ? [operatorRules, operatorText(request, secrets)]
      : [coordinatorRules(request.strategy), coordinatorText(cleaned(request.skills, secrets))]
  return [...common, toolsText(tools), ...own, fenceRule(tag)].join('\n\n')
}

/** Characters of a skill's words about itself that are shown; its own operator reads more. */
const shownCharacters = { title: 120, description: 600, doc: 600, systemPrompt: 8_000 } as const

/** One line, so that a skill's text can pass for no other entry of the list. */
function line(text: string, maximum: number): string {
  return cut(text.replaceAll(/\s+/g, ' ').trim(), maximum)
}

function headline({ title, description }: Pick<SkillSummary, 'title' | 'description'>): string[] {
  return [line(title, shownCharacters.title), line(description, shownCharacters.description)]
}

const operatorRules = [
  'You are an operator: you watch one skill of a running Node.js process that may be misbehaving, from inside of it.',
  `Your state is healthy, observing, warning or critical; it is what you attest, with done, or with set_state while you go on.

How to work:
1. Read the snapshot, which is taken for you. 2. If something is out of the normal, look closer with execute; base_history tells how a number has been before and how fast it changes. 3. send_notification for each finding. 4. done, with your state.
Each answer costs: look at several things in one script, do not read again what you have seen.
If all is normal: notify nothing, choose done with a summary. A failed reading is not a healthy one: say so.

Facts and guesses are kept apart: type, context and observation hold facts with numbers; guesses stand in hypothesis only. Every notification names the snapshots it rests on. Name the place (file, function, line) when a result shows it; never invent one. Evidence is copied from snapshots and results.
Stay within your skill: what belongs to another is not yours to judge.`,
]

function operatorText(request: OperatorRequest, secrets: readonly string[]): string[] {
  const skill = cleaned(request.skill, secrets)
  const [title, description] = headline(skill)
  return [
    ...(request.watch === undefined ? [] : [watchText]),
    `Your skill is "${skill.id}" (${title}). ${description}`,
    cut(skill.systemPrompt, shownCharacters.systemPrompt),
    `execute runs Lua 5.4 with these callbacks as global functions; each takes one table. The script must return its result. No files, network or modules.\n${skill.callbacks.map(callbackText).join('\n') || '(none)'}`,
  ]
}

const watchText = `You watch this skill for as long as the process lives. Between your turns its rules and baselines look for you, at no cost; you are asked when they see something, and begin with what you told and noted before, not with the old conversation.
You pace yourself: wait hands the watch back to them and wakes you after ms at the latest unless you attest healthy (5 s to 60 s while it is critical, minutes otherwise), with a note of what you will want to know; done hands it back until something changes. What you have told is not told again unless it has become worse. Set the state back to healthy when it is over.`

function callbackText(callback: CallbackDescription): string {
  const { effect } = callback
  const cost =
    typeof effect === 'object'
      ? ` Pauses the program for about ${effect.probe.mainPauseMs} ms.`
      : ''
  const approval = effect === 'act' ? ' Changes the program: needs an approval.' : ''
  return `- ${callback.name}(${signatureText(callback.inputSchema)}): ${line(callback.doc, shownCharacters.doc)}${cost}${approval}`
}

function coordinatorRules(strategy: CoordinatorRequest['strategy']): string[] {
  return [
    coordinatorRole,
    `${strategy === 'pipeline' ? pipelineSteps : loopSteps}\n\n${insightRules}`,
  ]
}

const coordinatorRole =
  'You coordinate the investigation of a running Node.js process that may be misbehaving. Operators, one for each skill, look; you choose whom to ask, and draw the conclusion from their notifications.'

const insightRules = `Rules for insights:
- Correlate by context and observation; judge hypotheses only afterwards.
- One insight for one cause. What is a mere consequence belongs into the same insight, or into its own with causedBy.
- summary holds facts only: function, file and line, numbers. The cause stands in rootCauseHypothesis.
- matchedObservations are copied word for word. hypothesisGrounded only if two operators or a measurement support the hypothesis; the machine checks ids, quotes, numbers (those of summary too) and places. What does not hold is sent back once and then published as unverified.
- temporal: seen together, nothing more is known. causal: the mechanism was observed. symptomatic: several symptoms of one cause.
- An operator that failed or crashed is not healthy: its area is unknown; say so in the summary of done.
- What other runs have told is counted, not told again, unless it is worse.
- No insight about a healthy process.`

function coordinatorText(known: readonly SkillSummary[]): string[] {
  const skills = known.map((skill) => `- ${skill.id}: ${headline(skill).join('. ')}`)
  return [`Skills whose operators you may invoke:\n${skills.join('\n') || '(none)'}`]
}

const loopSteps = `How to work:
1. get_notifications if there are any; with a reason and none yet, invoke the operators that fit, all of them if unsure. 2. wait until all_ended; arrivals are told to you. 3. produce_insight for each distinct cause. 4. done with a summary, also when all is well.`

const pipelineSteps = `How to work, in two steps:
1. invoke_operators with every skill that may know something, all of them if unsure; context says what they are to look for. You are asked again when they have ended, with their notifications. 2. report: an insight for each distinct cause, and a summary, also when all is well or the question needed no operator.`

function toolsText(tools: readonly ToolSchema[]): string {
  const shapes = tools.map((tool) => schemaText(tool.json)).join('\nor ')
  const names = tools.map((tool) => tool.intent).join(', ')
  return `Every answer is exactly one JSON object of one of these shapes, and nothing else ("?" marks what may be left out):\n${shapes}\n\nThere are no other intents than ${names}.`
}
