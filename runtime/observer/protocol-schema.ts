import { toJsonSchemaDefs } from '@valibot/to-json-schema'
import { clientMessageSchema } from './client-message.ts'
import {
  eventSchema,
  frameSchema,
  healthBodySchema,
  PROTOCOL_VERSION,
  problemBodySchema,
  snapshotSchema,
  topicBodySchema,
  topicEventSchema,
  treeBodySchema,
  treeNodeSchema,
} from './protocol.ts'

/**
 * The whole protocol as one JSON Schema (draft-07). `$defs/Frame` is what the WebSocket sends,
 * `$defs/ClientMessage` what it takes; the other definitions are the bodies of HTTP answers.
 */
export function protocolJsonSchema(): Record<string, unknown> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'nodelens observer',
    version: PROTOCOL_VERSION,
    $ref: '#/$defs/Frame',
    $defs: toJsonSchemaDefs({
      TreeNode: treeNodeSchema,
      TopicEvent: topicEventSchema,
      Event: eventSchema,
      Snapshot: snapshotSchema,
      Frame: frameSchema,
      ClientMessage: clientMessageSchema,
      TreeBody: treeBodySchema,
      TopicBody: topicBodySchema,
      ProblemBody: problemBodySchema,
      HealthBody: healthBodySchema,
    }),
  }
}
