/** A process that starts an observer, never stops it, and has nothing else to do after 'finish'. */
import { startObserver } from '../../../runtime/observer/start-observer.ts'
import { FakeTree, node } from './fake-tree.ts'

const observer = await startObserver({ tree: new FakeTree([node(1, 1, 'root')]) })
process.once('message', () => process.disconnect())
process.send?.(observer.url)
