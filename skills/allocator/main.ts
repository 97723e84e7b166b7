import type { MainPart } from '../probe/main-part.ts'
import { BufferWindow } from './buffer-window.ts'

const buffers = new BufferWindow()

/** Sees who makes Buffers, on demand and for a moment. */
export const allocatorMain: MainPart = {
  skill: 'allocator',
  functions: {
    'allocator.beginBuffers': { run: () => buffers.begin() },
    'allocator.endBuffers': { run: () => buffers.end() },
  },
  install: () => () => void buffers.end(),
}
