import { ProviderError } from './provider.ts'

/**
 * Loads a package that only some need and that is installed by them.
 *
 * @param why What it is for: `vertex-ai`.
 * @throws {ProviderError} It is not there, or cannot be loaded; says what to do.
 */
export async function importPeer(
  name: string,
  why: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const loaded: Record<string, unknown> = await import(name)
    return loaded
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const isMissing = code === 'ERR_MODULE_NOT_FOUND'
    const message = isMissing
      ? `${why} needs the package ${name}, which is not installed; run: npm install ${name}`
      : `${why} could not load the package ${name}: ${error instanceof Error ? error.message : String(error)}`
    throw new ProviderError({ kind: 'invalid_request', message }, { cause: error })
  }
}
