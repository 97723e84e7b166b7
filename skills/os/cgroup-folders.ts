import { posix } from 'node:path'
import type { SystemFiles } from './system-files.ts'

/** Where a controller of this process's cgroup is. */
export interface CgroupFolder {
  readonly version: 1 | 2
  /** The own folder, then those above it as far as they can be seen. */
  readonly levels: readonly string[]
}

interface Mount {
  readonly version: 1 | 2
  /** Path inside the hierarchy that is mounted. */
  readonly root: string
  readonly folder: string
  readonly controllers: readonly string[]
}

interface Membership {
  readonly controllers: readonly string[]
  readonly path: string
}

/**
 * Finds the folder of a controller (`memory`, `cpu`, `pids`), in version 1, 2, or the two side by side; with and
 * without a namespace of cgroups. undefined: there is none.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function cgroupFolder(files: SystemFiles, controller: string): CgroupFolder | undefined {
  const mounts = mountsOf(files.text('/proc/self/mountinfo') ?? '')
  const own = membershipsOf(files.text('/proc/self/cgroup') ?? '')
  const first = own.find(({ controllers }) => controllers.includes(controller))
  const firstMount = mounts.find(
    ({ version, controllers }) => version === 1 && controllers.includes(controller),
  )
  if (first !== undefined && firstMount !== undefined) return folderIn(firstMount, first, files)
  const second = own.find(({ controllers }) => controllers.length === 0)
  const secondMount = mounts.find(({ version }) => version === 2)
  if (second === undefined || secondMount === undefined) return undefined
  return folderIn(secondMount, second, files)
}

function folderIn(mount: Mount, { path }: Membership, files: SystemFiles): CgroupFolder {
  const { version, root, folder } = mount
  const isBelow = root === '/' || path === root || path.startsWith(`${root}/`)
  const inside = isBelow ? path.slice(root === '/' ? 0 : root.length) : '/'
  const levels: string[] = []
  // a path that leads out of the mount (`/../x`) belongs to another namespace
  const own = inside.includes('..') ? folder : posix.join(folder, inside)
  for (let level = own; level.startsWith(folder); level = posix.dirname(level)) {
    if (files.text(`${level}/cgroup.procs`) !== undefined) levels.push(level)
    if (level === folder || level === '/') break
  }
  return { version, levels: levels.length === 0 ? [folder] : levels }
}

/** Lines of /proc/self/cgroup: `4:memory:/docker/abc` or `0::/app`. Pure. */
export function membershipsOf(text: string): Membership[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (match === null) return []
    const [, controllers = '', path = '/'] = match
    return [{ controllers: controllers.split(',').filter((name) => name !== ''), path }]
  })
}

/** The cgroup mounts of /proc/self/mountinfo. Pure. */
export function mountsOf(text: string): Mount[] {
  return text.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , options = ''] = after.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') return []
    const [, , , root = '/', folder = ''] = before.split(' ')
    if (!folder.startsWith('/')) return []
    return [
      {
        version: type === 'cgroup2' ? 2 : 1,
        root: unescaped(root),
        folder: unescaped(folder),
        controllers: options.split(','),
      },
    ]
  })
}

/** The kernel writes blanks as `\040`. */
function unescaped(path: string): string {
  return path.replace(/\\(\d{3})/g, (_match, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  )
}
