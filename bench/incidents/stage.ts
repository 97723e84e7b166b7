import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What belongs to the experiment and not to the service. */
const ofTheExperiment: readonly string[] = ['truth.json', 'load.js', 'dep.js']

/** A copy of the service alone, under a name that tells nothing. */
export interface Stage {
  readonly folder: string
  remove(): void
}

/** Copies a service where no tool finds its truth, its load or its upstream beside it. */
export function stage(suite: string, id: string): Stage {
  const base = mkdtempSync(join(tmpdir(), 'svc-'))
  const folder = join(base, 'service')
  const source = join(suite, 'apps', id)
  mkdirSync(folder)
  for (const entry of readdirSync(source)) {
    if (ofTheExperiment.includes(entry)) continue
    cpSync(join(source, entry), join(folder, entry), { recursive: true })
  }
  const description = { name: 'service', version: '1.0.0', private: true }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(description))
  symlinkSync(join(suite, 'node_modules'), join(folder, 'node_modules'))
  return { folder, remove: () => rmSync(base, { recursive: true, force: true }) }
}
