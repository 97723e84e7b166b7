import { hostname, platform, release } from 'node:os'
import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback } from '../built-in-skill.ts'
import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import { historyCallbacks } from '../history/callbacks.ts'
import type { HistoryReader } from '../history/history.ts'
import type { JsonRecord } from '../json.ts'

/**
 * What every operator has whatever its skill: the time, the node, and the numbers of all skills over time. The
 * first two callbacks carry the names that beamlens gave them, without a prefix.
 */
export function baseSkill(reader: HeartbeatReader, history: HistoryReader): BuiltInSkill {
  const nothing = v.strictObject({})
  return {
    id: 'base',
    title: 'Time, node and history',
    description:
      'The current time, what process this is, and the numbers of all skills over time; part of every skill.',
    systemPrompt:
      'get_current_time, get_node_info, base_metrics and base_history are always there.',
    watch: [],
    drilldown: [],
    snapshot: async () => ({ data: nodeInfo(reader), via: 'outside' }),
    callbacks: {
      get_current_time: builtInCallback({
        doc: 'The time: iso (UTC), unixMs.',
        input: nothing,
        run: () => ({ iso: new Date().toISOString(), unixMs: Date.now() }),
      }),
      get_node_info: builtInCallback({
        doc: 'This process: node (host:pid), pid, nodeVersion, platform, uptimeSeconds, mainHeartbeatAgeMs.',
        input: nothing,
        run: () => nodeInfo(reader),
      }),
      ...historyCallbacks(history),
    },
  }
}

function nodeInfo(reader: HeartbeatReader): JsonRecord {
  return {
    node: `${hostname()}:${process.pid}`,
    pid: process.pid,
    nodeVersion: process.version,
    platform: `${platform()} ${release()} ${process.arch}`,
    uptimeSeconds: Math.round(process.uptime()),
    mainHeartbeatAgeMs: Math.round(performance.timeOrigin + performance.now() - reader.beatAt),
  }
}
