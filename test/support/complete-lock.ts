/** Completes package-lock.json after a change of dependencies: `npm run lock`, see `lockfile.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LockPackages, missingEntries, sorted } from './lockfile.ts'
import { projectRoot } from './project.ts'

const path = join(projectRoot, 'package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8')) as { readonly packages: LockPackages }
const missing = missingEntries(lock.packages)
writeFileSync(
  path,
  `${JSON.stringify({ ...lock, packages: sorted({ ...lock.packages, ...missing }) }, null, 2)}\n`,
)
console.log(`${Object.keys(missing).length} entries added`)
