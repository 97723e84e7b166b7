/** One file of the page. */
export interface PageAsset {
  readonly type: string
  readonly body: string
}
export function pageAsset(path: string): PageAsset | undefined {
  return path === '/' ? { type: 'text/html; charset=utf-8', body: '<!doctype html>' } : undefined
}
export function tokenPage(): PageAsset {
  return { type: 'text/html; charset=utf-8', body: '<!doctype html>' }
}
