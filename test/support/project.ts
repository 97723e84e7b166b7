import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json, whether this runs from the sources or from dist. */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)))

/** Whether this module runs from the sources (Node strips the types) or from the build. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/** The address of a module in this folder, with the extension in which this one runs. */
export function siblingUrl(name: string): string {
  return new URL(`./${name}${extension}`, import.meta.url).href
}

/** The path of a module of this project, in the form (source or build) in which this one runs. */
export function modulePath(pathWithoutExtension: string): string {
  const base = extension === '.ts' ? projectRoot : join(projectRoot, 'dist')
  return join(base, `${pathWithoutExtension}${extension}`)
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}
