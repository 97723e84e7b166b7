/** The schema of one turn, built from the tools that are allowed in it. */
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { coordinatorActions } from '../vocabulary/coordinator-action.ts'
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'
import type { Action, ModelRequest } from '../vocabulary/model-request.ts'
import { isJson } from '../vocabulary/notification.ts'
import { operatorActions } from '../vocabulary/operator-action.ts'

/** One tool: its intent and its schema twice, to validate with and to show to a model. */
export interface ToolSchema {
  readonly intent: string
  readonly validator: v.GenericSchema<unknown, Action>
  /** JSON Schema, draft 2020-12, with `shorten` and `clamp` where the parser may mend. */
  readonly json: JsonObject
}

/** The tools of a request, in the order of the vocabulary, which is the order of the prompt. */
export function toolSchemas(request: Pick<ModelRequest, 'agent' | 'tools'>): readonly ToolSchema[] {
  const table: Record<string, v.GenericSchema<unknown, Action>> = request.agent === 'operator'
    ? operatorActions
    : coordinatorActions
  const allowed: readonly string[] = request.tools
  return Object.entries(table)
    .filter(([intent]) => allowed.includes(intent))
    .map(([intent, validator]) => ({ intent, validator, json: jsonSchemaOf(validator) }))
}

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
