import { HTML, TOKEN_HTML } from './html.ts'
import { SCRIPT_BASICS } from './script-basics.ts'
import { SCRIPT_FIGURES } from './script-figures.ts'
import { SCRIPT_FINDINGS } from './script-findings.ts'
import { SCRIPT_MAIN } from './script-main.ts'
import { SCRIPT_TREE } from './script-tree.ts'
import { STYLE_BASE } from './style-base.ts'
import { STYLE_PANELS } from './style-panels.ts'

/**
 * The page that draws the tree: plain HTML, CSS and JavaScript, kept as text in TypeScript modules
 * because the package ships what `tsc` makes and nothing else. The script is one module; its parts
 * share one scope and are put together here.
 */

/** One file of the page. */
export interface PageAsset {
  readonly type: string
  readonly body: string
}

const HTML_TYPE = 'text/html; charset=utf-8'

/** The file at a path; `undefined` if there is none. */
export function pageAsset(path: string): PageAsset | undefined {
  switch (path) {
    case '/':
      return { type: HTML_TYPE, body: HTML }
    case '/assets/app.css':
      return { type: 'text/css; charset=utf-8', body: STYLE_BASE + STYLE_PANELS }
    case '/assets/app.js':
      return { type: 'text/javascript; charset=utf-8', body: pageScript() }
    default:
      return undefined
  }
}

/** What a browser gets at `/` that does not show the token. */
export function tokenPage(): PageAsset {
  return { type: HTML_TYPE, body: TOKEN_HTML }
}

function pageScript(): string {
  return [SCRIPT_BASICS, SCRIPT_TREE, SCRIPT_FINDINGS, SCRIPT_FIGURES, SCRIPT_MAIN].join('\n')
}
