/** The schema of one turn, built from the tools that are allowed in it. */
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { coordinatorActions } from '../vocabulary/coordinator-action.ts'
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'
import type {
  Action,
  CoordinatorRequest,
  ModelRequest,
  OperatorRequest,
} from '../vocabulary/model-request.ts'
import { isJson } from '../vocabulary/notification.ts'
import { continuousActions, operatorActions } from '../vocabulary/operator-action.ts'

type ToolRequest = Pick<ModelRequest, 'agent' | 'tools'> &
  Pick<Partial<OperatorRequest>, 'watch'> &
  Pick<Partial<CoordinatorRequest>, 'strategy'>

/** One tool: its intent and its schema twice, to validate with and to show to a model. */
export interface ToolSchema {
  readonly intent: string
  readonly validator: v.GenericSchema<unknown, Action>
  /** JSON Schema, draft 2020-12, with `shorten` and `clamp` where the parser may mend. */
  readonly json: JsonObject
}

type Table = Readonly<Record<string, v.GenericSchema<unknown, Action>>>

/** The tools of a request, in the order of the vocabulary, which is the order of the prompt. */
export function toolSchemas(request: ToolRequest): readonly ToolSchema[] {
  const allowed: readonly string[] = request.tools
  return allToolSchemas(request).filter(({ intent }) => allowed.includes(intent))
}

/** Every tool of the agent, also those that are not allowed in this turn. */
export function allToolSchemas(request: Omit<ToolRequest, 'tools'>): readonly ToolSchema[] {
  const table = tableOf(request)
  const known = made.get(table)
  if (known !== undefined) return known
  const schemas = Object.entries(table).map(([intent, validator]) => ({
    intent,
    validator,
    json: jsonSchemaOf(validator),
  }))
  made.set(table, schemas)
  return schemas
}

function tableOf({ agent, watch, strategy = 'agent-loop' }: Omit<ToolRequest, 'tools'>): Table {
  if (agent === 'coordinator') return coordinatorTables[strategy]
  return watch === undefined ? operatorActions : continuousActions
}

const { report, ...loopActions } = coordinatorActions
const { invoke_operators } = coordinatorActions
/** The tools that a run of each strategy can ever be allowed. */
const coordinatorTables: Readonly<Record<CoordinatorRequest['strategy'], Table>> = {
  'agent-loop': loopActions,
  pipeline: { invoke_operators, report },
  module: coordinatorActions,
}

/** They never change. */
const made = new WeakMap<Table, readonly ToolSchema[]>()

/** JSON Schema of a valibot schema, without the `$schema` line. */
function jsonSchemaOf(schema: v.GenericSchema<unknown, unknown>): JsonObject {
  const converted: unknown = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'input',
    errorMode: 'throw',
  })
  const plain: Json = isJson(converted) ? converted : {}
  if (!isJsonObject(plain)) return {}
  const { $schema: _, ...rest } = plain
  return rest
}
