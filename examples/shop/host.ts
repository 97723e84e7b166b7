/** The shop's process in the demonstration: the shop, and nodelens in it. */
import { serveWithLens } from './serve-with-lens.ts'
import { startLens } from './start-lens.ts'

await serveWithLens(startLens)
process.exitCode = 0
