/** The unchanging part of a prompt: who the agent is, its rules, its tools. */
import type { ModelRequest } from '../vocabulary/model-request.ts'
import type {
  CallbackDescription,
  SkillDescription,
  SkillSummary,
} from '../vocabulary/skill-description.ts'
import type { ToolSchema } from './action-schema.ts'
import { cleaned } from './clean-data.ts'
import { fenceRule } from './fence.ts'
import { cut } from './redact.ts'
import { schemaText } from './schema-text.ts'

/** The system text of a request. */
export function systemText(
  request: ModelRequest,
  tools: readonly ToolSchema[],
  { tag, secrets }: { readonly tag: string; readonly secrets: readonly string[] },
): string {
  const role =
    request.agent === 'operator'
      ? operatorText(cleaned(request.skill, secrets))
      : coordinatorText(cleaned(request.skills, secrets))
  return [...role, fenceRule(tag), toolsText(tools)].join('\n\n')
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

function operatorText(skill: SkillDescription): string[] {
  const [title, description] = headline(skill)
  return [
    `You are the operator of the skill "${skill.id}" (${title}) inside of a running Node.js process that may be misbehaving. ${description}`,
    cut(skill.systemPrompt, shownCharacters.systemPrompt),
    `Your state is healthy, observing, warning or critical; you set it with set_state and it is what you attest.

How to work:
1. take_snapshot. 2. If something is out of the normal, look closer with execute; base_history tells how a number has been before and how fast it changes. 3. send_notification for each finding. 4. set_state. 5. done.
If all is normal: set nothing, notify nothing, choose done with a summary. A failed reading is not a healthy one: say so.

Facts and guesses are kept apart: type, context and observation hold facts with numbers; guesses stand in hypothesis only. Every notification names the snapshots it rests on. Name the place (file, function, line) when a result shows it; never invent one. Evidence is copied from snapshots and results.
Stay within your skill: what belongs to another is not yours to judge.`,
    `execute runs Lua 5.4 with these callbacks as global functions; each takes one table. The script must return its result. No files, network or modules.\n${skill.callbacks.map(callbackText).join('\n') || '(none)'}`,
  ]
}

function callbackText(callback: CallbackDescription): string {
  const { effect } = callback
  const cost =
    typeof effect === 'object'
      ? ` Pauses the program for about ${effect.probe.mainPauseMs} ms.`
      : ''
  const approval = effect === 'act' ? ' Changes the program: needs an approval.' : ''
  return `- ${callback.name}(${JSON.stringify(callback.inputSchema)}): ${line(callback.doc, shownCharacters.doc)}${cost}${approval}`
}

function coordinatorText(known: readonly SkillSummary[]): string[] {
  const skills = known.map((skill) => `- ${skill.id}: ${headline(skill).join('. ')}`)
  return [
    'You coordinate the investigation of a running Node.js process that may be misbehaving. Operators, one for each skill, look; you choose whom to ask, and draw the conclusion from their notifications.',
    `Skills whose operators you may invoke:\n${skills.join('\n') || '(none)'}`,
    `How to work:
1. get_notifications if there are any; with a reason and none yet, invoke the operators that fit, all of them if unsure. 2. wait until they have ended; arrivals are told to you. 3. produce_insight for each distinct cause. 4. done with a summary, also when all is well.

Rules for insights:
- Correlate by context and observation; judge hypotheses only afterwards.
- One insight for one cause. What is a mere consequence belongs into the same insight, or into its own with causedBy.
- summary holds facts only: function, file and line, numbers. The cause stands in rootCauseHypothesis.
- matchedObservations are copied word for word. hypothesisGrounded only if two operators or a measurement support the hypothesis; the machine checks ids, quotes, numbers (those of summary too) and places. What does not hold is sent back once and then published as unverified.
- temporal: seen together, nothing more is known. causal: the mechanism was observed. symptomatic: several symptoms of one cause.
- An operator that failed or crashed is not healthy: its area is unknown; say so in the summary of done.
- What other runs have told is counted, not told again, unless it is worse.
- No insight about a healthy process.`,
  ]
}

function toolsText(tools: readonly ToolSchema[]): string {
  const shapes = tools.map((tool) => schemaText(tool.json)).join('\nor ')
  const names = tools.map((tool) => tool.intent).join(', ')
  return `Every answer is exactly one JSON object of one of these shapes, and nothing else ("?" marks what may be left out):\n${shapes}\n\nThere are no other intents than ${names}.`
}
