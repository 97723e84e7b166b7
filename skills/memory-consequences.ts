/** Types of notifications that are mere consequences of something that keeps memory. */
export const MEMORY_CONSEQUENCES: readonly string[] = [
  'gc_thrash',
  'gc_pressure',
  'gc_heap_floor_rises',
  'allocator_external_growth',
  'allocator_native_growth',
  'allocator_fragmentation',
  'os_memory_near_limit',
  'os_memory_machine_full',
  'os_memory_pressure',
  'os_oom_killed',
]
