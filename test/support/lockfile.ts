/** What is read and written of package-lock.json (lockfile version 3). */
export interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly license?: string
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export type LockPackages = Readonly<Record<string, LockEntry>>

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

/**
 * The entries that npm left out: binaries for other platforms that the registry at hand did not
 * have when the file was written. `npm ci` refuses a file without them, although it would install
 * none of them. They come without a checksum; system and processor are read off their names.
 *
 * @throws {Error} A name that says no system.
 */
export function missingEntries(packages: LockPackages): LockPackages {
  const missing: Record<string, LockEntry> = {}
  for (const [holder, { optionalDependencies = {}, dev, license }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const key = `node_modules/${name}`
      if (packages[key] !== undefined || packages[`${holder}/${key}`] !== undefined) continue
      const { os, cpu, libc } = platformOf(name)
      missing[key] = {
        version,
        ...(cpu === undefined ? {} : { cpu }),
        ...(dev === undefined ? {} : { dev }),
        ...(libc === undefined ? {} : { libc }),
        ...(license === undefined ? {} : { license }),
        optional: true,
        os,
      }
    }
  }
  return missing
}

/** All entries in the order in which npm writes them. */
export function sorted(packages: LockPackages): LockPackages {
  return Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
}

interface Platform {
  readonly os: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

function platformOf(name: string): Platform {
  const words = name.split(/[/-]/)
  const os = systems.find((system) => words.includes(system))
  if (os === undefined) throw new Error(`${name} does not say for which system it is`)
  const cpu = processors.find((processor) => words.includes(processor))
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  const saysLibc = os === 'linux' && words.some((word) => /^(musl|gnu)/.test(word))
  return {
    os: [os],
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(saysLibc ? { libc: [libc] } : {}),
  }
}
