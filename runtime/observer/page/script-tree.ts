/** Draws the tree as rows that are kept and changed, and moves among them with the keyboard. */
export const SCRIPT_TREE = String.raw`
const MAX_ROWS = 1000;
const rows = new Map();

/** The processes with those that ended a moment ago, so that an end can be seen. */
function shownTree() {
  if (view.ghosts.size === 0) return treeOf(view.state);
  const processes = new Map(view.state.processes);
  for (const [pid, ghost] of view.ghosts) {
    if (!processes.has(pid)) processes.set(pid, { ...ghost.process, status: 'exited' });
  }
  return treeOf({ ...view.state, processes });
}
function isMatch(node) {
  const { pid, id, name, label, status, thread, kind } = node;
  return matches([pid, id, name, label, status, thread.name, kind].join(' '));
}
/** Rows in order: [node, level]; with a filter, what fits and the way to it. */
function listOf(nodes, level, list) {
  for (const node of nodes) {
    const at = list.length;
    list.push([node, level]);
    if (view.filter !== '') {
      listOf(node.children, level + 1, list);
      if (list.length === at + 1 && !isMatch(node)) list.pop();
    } else if (!view.collapsed.has(node.pid)) listOf(node.children, level + 1, list);
  }
  return list;
}
function makeRow(node) {
  const cell = (className, tag) => element(tag || 'span', { class: className, role: 'gridcell' });
  const name = cell('name');
  const title = element('b');
  const note = element('small');
  const twist = element('span', { class: 'twist', 'aria-hidden': 'true' }, '▶');
  name.append(twist, kindIcon(node.kind), title, note);
  const status = cell('status');
  const state = element('em');
  status.append(state);
  const parts = {
    title, note, twist, state,
    thread: cell('thread wide'), mailbox: cell('number'), handled: cell('number'),
    restarts: cell('number wide'), pid: cell('pid wide'),
  };
  const row = element('div', { role: 'row', class: 'row', tabindex: '-1', 'data-pid': node.pid, 'data-kind': node.kind });
  row.append(name, status, parts.thread, parts.mailbox, parts.handled, parts.restarts, parts.pid);
  return { row, parts };
}
function setAttribute(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}
function fillRow({ row, parts }, node, level) {
  const mark = view.marks.get(node.pid);
  const ghost = view.ghosts.get(node.pid);
  const isParent = node.children.length > 0;
  setText(parts.title, labelOf(node));
  setText(parts.note, node.label || (node.name && node.name !== node.id ? node.id : ''));
  setText(parts.twist, isParent ? '▶' : '');
  const restarted = mark && mark.type === 'restart' ? 'restarted: ' + mark.text : '';
  const state = ghost ? ghost.text : restarted || node.status;
  setText(parts.state, state);
  setAttribute(parts.state, 'title', ghost || restarted ? state : null);
  setText(parts.thread, node.thread.name);
  setText(parts.mailbox, count(node.mailbox));
  parts.mailbox.className = 'number ' + (node.mailbox === 0 ? 'quiet' : node.mailbox >= 100 ? 'loud' : '');
  setText(parts.handled, count(node.handled));
  parts.handled.className = 'number ' + (node.handled === 0 ? 'quiet' : '');
  setText(parts.restarts, node.restarts === 0 ? '0' : count(node.restarts));
  parts.restarts.className = 'number wide ' + (node.restarts === 0 ? 'quiet' : 'loud');
  setText(parts.pid, node.pid);
  row.style.setProperty('--level', level);
  setAttribute(row, 'aria-level', String(level + 1));
  setAttribute(row, 'aria-expanded', isParent ? String(view.filter !== '' || !view.collapsed.has(node.pid)) : null);
  setAttribute(row, 'aria-selected', String(view.selected === node.pid));
  setAttribute(row, 'data-status', ghost ? (ghost.isCalm ? 'left' : 'exited') : node.status);
  setAttribute(row, 'data-mark', ghost ? (ghost.isCalm ? 'leave' : 'exit') : mark ? mark.type : null);
}
function renderTree() {
  if (!view.state) return;
  const list = listOf(shownTree(), 0, []);
  const shown = list.slice(0, MAX_ROWS);
  const kept = new Set();
  const body = byId('rows');
  if (!shown.some(([node]) => node.pid === view.focused)) view.focused = shown.length > 0 ? shown[0][0].pid : null;
  shown.forEach(([node, level], index) => {
    if (!rows.has(node.pid)) rows.set(node.pid, makeRow(node));
    const made = rows.get(node.pid);
    fillRow(made, node, level);
    made.row.tabIndex = node.pid === view.focused ? 0 : -1;
    kept.add(node.pid);
    if (body.children[index] !== made.row) body.insertBefore(made.row, body.children[index] || null);
  });
  for (const [pid, { row }] of rows) {
    if (kept.has(pid)) continue;
    const hadFocus = document.activeElement === row;
    row.remove();
    rows.delete(pid);
    if (hadFocus && rows.has(view.focused)) rows.get(view.focused).row.focus();
  }
  const empty = byId('tree-empty');
  empty.hidden = list.length > 0;
  setText(empty, view.filter === '' ? 'No process is running.' : 'Nothing fits the filter “' + view.filter + '”.');
  renderMore(list.length - shown.length);
  renderDetail();
}
function renderMore(hidden) {
  let more = byId('more');
  if (hidden <= 0) { if (more) more.remove(); return; }
  if (!more) { more = element('p', { class: 'more', id: 'more' }); byId('tree').after(more); }
  setText(more, grouped.format(hidden) + ' more processes are not drawn. Narrow them with the filter.');
}
function renderDetail() {
  const box = byId('detail');
  const process = view.selected === null ? undefined : view.state.processes.get(view.selected);
  box.hidden = !process;
  if (!process) return;
  const fields = [
    ['Id', process.id], ['Registered name', process.name || 'none'], ['Pid', process.pid],
    ['Thread', process.thread.name + ' (' + process.thread.ordinal + ')'], ['Restarts', count(process.restarts)],
    ['Running for', duration(Date.now() - process.startedAt)],
    ['Started by', process.parent || 'nobody'], ['Links', process.links.join(', ') || 'none'],
  ];
  if (process.label) fields.push(['Label', process.label]);
  const key = JSON.stringify(fields);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...fields.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}
function focusRow(pid) {
  view.focused = pid;
  renderTree();
  const made = rows.get(pid);
  if (made) made.row.focus();
}
function toggle(pid, open) {
  if (open === undefined ? view.collapsed.has(pid) : open) view.collapsed.delete(pid);
  else view.collapsed.add(pid);
  renderTree();
}
function select(pid) {
  view.selected = view.selected === pid ? null : pid;
  view.focused = pid;
  renderTree();
}
/** Keys of the WAI-ARIA treegrid pattern. */
function onTreeKey(event) {
  const row = event.target.closest('.rows .row');
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const { pid } = row.dataset;
  const all = [...byId('rows').children];
  const at = all.indexOf(row);
  const go = (index) => { if (all[index]) focusRow(all[index].dataset.pid); };
  const expanded = row.getAttribute('aria-expanded');
  const parent = view.state.processes.get(pid)?.parent;
  const actions = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(all.length - 1),
    ArrowRight: () => (expanded === 'false' ? toggle(pid, true) : expanded === 'true' ? go(at + 1) : undefined),
    ArrowLeft: () => (expanded === 'true' ? toggle(pid, false) : rows.has(parent) ? focusRow(parent) : undefined),
    Enter: () => select(pid),
    ' ': () => select(pid),
  };
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
}
function onTreeClick(event) {
  const row = event.target.closest('.rows .row');
  if (!row) return;
  if (event.target.closest('.twist')) toggle(row.dataset.pid);
  else select(row.dataset.pid);
}
`
