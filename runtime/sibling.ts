/**
 * The URL of a module beside the one that asks, with the asker's extension: compilers rewrite
 * import specifiers, never strings, so a Worker's file must follow by itself.
 */
export function sibling(meta: { readonly url: string }, name: string): URL {
  const extension = meta.url.endsWith('.ts') ? '.ts' : '.js'
  return new URL(`./${name}${extension}`, meta.url)
}
