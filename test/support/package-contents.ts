const rooms = ['runtime', 'sandbox', 'skills', 'agents']
const alone = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

/**
 * Compares the files of a tarball with what must ship: the four rooms, built, with their types and
 * maps, and the four papers; nothing else, and nothing whose source is gone.
 *
 * @param hasSource Whether a path of the repository exists.
 * @returns One sentence per problem; none if all is well.
 */
export function contentsProblems(
  files: readonly string[],
  hasSource: (path: string) => boolean,
): string[] {
  const shipped = new Set(files)
  const problems = alone.filter((name) => !shipped.has(name)).map((name) => `${name} is missing`)
  for (const room of rooms) {
    if (!shipped.has(`dist/${room}/index.js`)) problems.push(`dist/${room}/index.js is missing`)
  }
  for (const file of files) {
    if (alone.includes(file)) continue
    const match =
      /^dist\/(?<path>(?<room>[a-z]+)\/.+?)\.(?<kind>js|d\.ts|js\.map|d\.ts\.map)$/.exec(file)
    const { path = '', room = '', kind = '' } = match?.groups ?? {}
    if (!rooms.includes(room)) {
      if (!isAsset(file, hasSource)) problems.push(`${file} must not ship`)
      continue
    }
    if (!hasSource(`${path}.ts`)) {
      problems.push(`${file} has no source ${path}.ts: remove dist and build again`)
    }
    if (kind !== 'js') continue
    for (const beside of ['d.ts', 'js.map', 'd.ts.map']) {
      if (!shipped.has(`dist/${path}.${beside}`)) problems.push(`dist/${path}.${beside} is missing`)
    }
  }
  return problems
}

/** A page or a stylesheet that the build copies from a room as it is. */
function isAsset(file: string, hasSource: (path: string) => boolean): boolean {
  const room = /^dist\/([a-z]+)\//.exec(file)?.[1]
  if (room === undefined || !rooms.includes(room)) return false
  return /\.(html|css|svg)$/.test(file) && hasSource(file.replace(/^dist\//, ''))
}
