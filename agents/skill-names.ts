/**
 * Skills that come with nodelens. The skills room has the same list as `BUILT_IN_SKILLS`, behind a
 * door that would load all of them into main; a test compares the two.
 */
export const builtInSkills: readonly string[] = [
  'vm',
  'tables',
  'vm_events',
  'gc',
  'allocator',
  'os',
  'handles',
  'http',
  'postgres',
  'exception',
  'logger',
  'supervisor',
  'profiler',
  'threads',
  'overload',
  'tracer',
  'anomaly',
]
