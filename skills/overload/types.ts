/** What overload finds is a consequence wherever another skill knows a cause. */
export const OVERLOAD_TYPES: readonly string[] = [
  'overload_growing',
  'overload_surge',
  'overload_sockets',
]
