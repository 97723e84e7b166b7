import type { ProviderSetting } from './setting.ts'

/** Texts of a setting that no message, event or prompt may repeat. */
export function secretsIn({ apiKey, headers }: ProviderSetting): string[] {
  return [...(apiKey === undefined ? [] : [apiKey]), ...Object.values(headers ?? {})]
}
