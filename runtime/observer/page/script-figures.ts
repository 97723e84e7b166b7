/** Draws the figures and the state of the connection, and tells what was seen in words. */
export const SCRIPT_FIGURES = String.raw`
function makeFigures() {
  const names = ['Processes', 'Threads', 'Messages waiting', 'Messages / s', 'Restarts', 'Insights'];
  byId('figures').replaceChildren(...names.map((name) => element('div', {}, element('dt', {}, name), element('dd', {}, '–'))));
  const line = vector('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  line.append(vector('polyline', { points: '' }));
  byId('figures').children[3].append(line);
}
function renderFigures() {
  if (!view.state) return;
  const processes = [...view.state.processes.values()];
  const insights = itemsOf('insights');
  const worst = SEVERITIES.find((severity) => insights.some((item) => isObject(item.data) && item.data.severity === severity));
  const restarts = processes.reduce((sum, process) => sum + process.restarts, 0);
  const waiting = processes.reduce((sum, process) => sum + process.mailbox, 0);
  const rate = view.rates[view.rates.length - 1];
  const values = [
    [processes.filter((process) => process.kind !== 'thread').length], [view.state.threads.size],
    [waiting, waiting >= 1000 ? 'warning' : ''], [rate], [restarts, restarts > 0 ? 'warning' : ''],
    [insights.length, worst === 'info' ? '' : worst || ''],
  ];
  values.forEach(([value, tone], index) => {
    const place = byId('figures').children[index].querySelector('dd');
    setText(place, value === undefined ? '–' : count(value));
    place.dataset.tone = tone || '';
  });
}
/** Once a second: how many messages were handled since the last time. */
let lastHandled = null;
function measureRate() {
  if (!view.state || view.paused || view.connection.type !== 'live') { lastHandled = null; return; }
  const handled = new Map();
  let sum = 0;
  for (const process of view.state.processes.values()) {
    handled.set(process.pid, process.handled);
    // A process seen for the first time has no history here; it counts from now on.
    const before = lastHandled ? lastHandled.get(process.pid) : undefined;
    if (before !== undefined) sum += Math.max(0, process.handled - before);
  }
  if (lastHandled) view.rates = [...view.rates, sum].slice(-MAX_RATES);
  lastHandled = handled;
  const most = Math.max(1, ...view.rates);
  const first = MAX_RATES - view.rates.length;
  const points = view.rates.map((rate, index) => ((first + index) * 100) / (MAX_RATES - 1) + ',' + (96 - (rate / most) * 92));
  byId('figures').querySelector('polyline').setAttribute('points', points.join(' '));
}
function renderConnection() {
  const { type, retryAt } = view.connection;
  const pill = byId('connection');
  const wait = retryAt ? Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) : 0;
  const words = {
    connecting: 'Connecting', live: view.paused ? 'Paused' : 'Live',
    lost: wait > 0 ? 'Retry in ' + wait + ' s' : 'Reconnecting',
  };
  pill.dataset.state = type === 'live' && view.paused ? 'paused' : type;
  pill.title = type === 'lost' ? 'The connection is lost. Press to try again now.' : '';
  setText(pill.querySelector('span'), words[type]);
  const pause = byId('pause');
  setText(pause, view.paused ? 'Resume' : 'Pause');
  pause.setAttribute('aria-pressed', String(view.paused));
  const notice = byId('notice');
  notice.hidden = view.notice === '';
  setText(notice, view.notice);
}
function renderSubject() {
  if (!view.hello) return;
  const { title, pid, node, startedAt } = view.hello.server;
  const text = ' · pid ' + pid + ' · Node ' + node.replace('v', '') + ' · up ' + duration(Date.now() - startedAt);
  const subject = byId('subject');
  if (subject.textContent !== title + text) subject.replaceChildren(element('b', {}, title), text);
  document.title = title + ' · nodelens';
}
const announce = (text) => setText(byId('announce'), text);

/** What an event means to somebody who watches: a mark on a row, a line, a ghost. Before it is applied. */
function notice(event) {
  const known = view.state.processes.get(event.pid || event.oldPid);
  const until = Date.now() + GHOST_MS;
  const log = (who, text, tone) => {
    view.activity.push({ id: event.type, stamp: view.activity.length + event.at, at: event.at, who, text, tone });
    if (view.activity.length > MAX_ACTIVITY) view.activity.shift();
  };
  switch (event.type) {
    case 'process-started':
      log(labelOf(event.node), 'started as ' + event.pid + ' in ' + event.node.thread.name);
      break;
    case 'process-exited':
      if (!known) break;
      log(labelOf(known), 'exited: ' + reasonText(event.reason), isCalm(event.reason) ? undefined : 'critical');
      view.ghosts.set(event.pid, { process: known, text: 'exited: ' + reasonText(event.reason), isCalm: isCalm(event.reason), until });
      break;
    case 'child-restarted':
      log(event.id, 'restarted (' + event.restarts + '): ' + reasonText(event.reason), 'warning');
      view.ghosts.delete(event.oldPid);
      view.marks.set(event.newPid, { type: 'restart', text: reasonText(event.reason), until });
      announce(event.id + ' was restarted');
      break;
    case 'thread-started':
      log('Thread ' + event.name, 'started');
      break;
    case 'thread-exited':
      log('Thread ' + event.name, 'exited' + (event.reason ? ': ' + reasonText(event.reason) : ''), event.reason && !isCalm(event.reason) ? 'critical' : undefined);
      break;
    case 'topic':
      view.fresh.set(event.topic + event.id, until);
      if (event.topic === 'insights' && isObject(event.data)) announce('New insight: ' + asText(event.data.summary));
      break;
  }
}
function forgetOld() {
  const now = Date.now();
  for (const [pid, ghost] of view.ghosts) if (ghost.until < now) view.ghosts.delete(pid);
  for (const [pid, mark] of view.marks) if (mark.until < now) view.marks.delete(pid);
  for (const [key, until] of view.fresh) if (until < now) view.fresh.delete(key);
}
`
