/** The connection (with its pauses, gaps and returns), the controls, and the clock that draws. */
export const SCRIPT_MAIN = String.raw`
const token = new URLSearchParams(location.search).get('token');
const withToken = (path) => path + (token === null ? '' : '?token=' + encodeURIComponent(token));
const MAX_RETRY_MS = 10000;
let socket = null;
let attempts = 0;
let retryTimer = 0;
let lastFrameAt = 0;

function connect() {
  clearTimeout(retryTimer);
  const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
  const mine = new WebSocket(scheme + location.host + withToken('/api/v1/live'));
  socket = mine;
  lastFrameAt = Date.now();
  mine.onmessage = ({ data }) => { if (socket === mine) take(JSON.parse(data)); };
  mine.onclose = () => { if (socket === mine) retryLater(); };
  schedule();
}
function retryLater() {
  socket = null;
  // Doubled each time, with chance in it, so that many pages do not come back at once.
  const delayMs = Math.min(MAX_RETRY_MS, 500 * 2 ** attempts) * (0.75 + Math.random() / 2);
  attempts += 1;
  view.connection = { type: 'lost', retryAt: Date.now() + delayMs };
  retryTimer = setTimeout(connect, delayMs);
  if (attempts === 1) announce('Connection lost');
  if (attempts === 2) explain();
  schedule();
}
async function explain() {
  try {
    const { status } = await fetch(withToken('/api/v1/tree'));
    view.notice = status === 401 ? 'The observer does not know this token any more. Open its page again with the new one.'
      : status === 200 ? 'The observer answers, but takes no more live clients. Trying again.' : '';
  } catch {
    view.notice = 'The observer does not answer: the process may have ended. What is shown is the last that was seen.';
  }
  if (view.connection.type === 'live') view.notice = '';
  schedule();
}
function say(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}
function take(frame) {
  lastFrameAt = Date.now();
  switch (frame.type) {
    case 'hello':
      view.hello = frame;
      view.itemsPerTopic = frame.itemsPerTopic;
      break;
    case 'snapshot':
      takeSnapshot(frame);
      break;
    case 'differences':
      takeDifferences(frame);
      break;
    case 'ping':
      say({ type: 'pong' });
      break;
    case 'lagging':
      announce('This page fell behind and was brought up to date');
      break;
    case 'error':
      view.notice = frame.message;
      break;
  }
  schedule();
}
function takeSnapshot(frame) {
  view.state = stateOf(frame, view.itemsPerTopic);
  view.seq = frame.seq;
  if (frame.cause === 'connected' || frame.cause === 'resumed') {
    view.ghosts.clear();
    view.marks.clear();
  }
  for (const pid of view.ghosts.keys()) if (view.state.processes.has(pid)) view.ghosts.delete(pid);
  view.notice = '';
  view.isStale = view.paused;
  attempts = 0;
  lastHandled = null;
  const isBack = view.connection.type === 'lost';
  view.connection = { type: 'live' };
  if (isBack) announce('Connected again');
  if (view.paused) say({ type: 'pause' }); // as it was before the connection was lost
}
function takeDifferences(frame) {
  if (!view.state || view.isStale) return;
  if (frame.previous !== view.seq) return socket.close(); // a gap: begin anew with a snapshot
  for (const event of frame.events) notice(event);
  view.state = applyEvents(view.state, frame.events);
  view.seq = frame.seq;
}

let isScheduled = false;
function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(render);
}
function render() {
  isScheduled = false;
  renderConnection();
  renderSubject();
  renderFigures();
  renderTree();
  renderTabs();
  renderCards();
}
function everySecond() {
  forgetOld();
  measureRate();
  const patienceMs = (view.hello ? view.hello.heartbeatMs : 15000) * 2.5;
  if (socket && Date.now() - lastFrameAt > patienceMs) {
    const silent = socket;
    socket = null; // its own close event may take a minute
    silent.close();
    retryLater();
  }
  schedule();
}

function setPaused(paused) {
  view.paused = paused;
  view.isStale = true; // until the snapshot that answers 'resume': what comes before it is of no use
  say({ type: paused ? 'pause' : 'resume' });
  announce(paused ? 'Paused' : 'Resumed');
  schedule();
}
async function exportJson() {
  let body;
  try {
    const answer = await fetch(withToken('/api/v1/snapshot'));
    if (!answer.ok) throw new Error(String(answer.status));
    body = await answer.json();
  } catch {
    if (!view.state) return;
    // Not to be had fresh: what this page has seen last.
    body = { version: 1, type: 'snapshot', cause: 'requested', seq: view.seq, at: Date.now(), tree: treeOf(view.state), threads: [...view.state.threads.values()], topics: Object.fromEntries(view.state.topics) };
  }
  const link = element('a', { download: 'nodelens-' + new Date().toISOString().replaceAll(':', '-').slice(0, 19) + '.json' });
  link.href = URL.createObjectURL(new Blob([JSON.stringify(body, null, 2)], { type: 'application/json' }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
const THEMES = ['auto', 'light', 'dark'];
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  setText(byId('theme'), capital(theme));
  byId('theme').setAttribute('aria-label', 'Theme: ' + theme);
  try { localStorage.setItem('nodelens-theme', theme); } catch { /* storage is not allowed: for this visit only */ }
}
function storedTheme() {
  try { return localStorage.getItem('nodelens-theme'); } catch { return null; }
}
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input')) return;
  if (event.key === '/') { event.preventDefault(); byId('filter').focus(); }
  if (event.key === 'p') setPaused(!view.paused);
}

setTheme(THEMES.includes(storedTheme()) ? storedTheme() : 'auto');
makeFigures();
byId('theme').onclick = () => setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % 3]);
byId('pause').onclick = () => setPaused(!view.paused);
byId('export').onclick = exportJson;
byId('connection').onclick = () => { if (view.connection.type === 'lost') connect(); };
byId('filter').oninput = ({ target }) => { view.filter = target.value.trim().toLowerCase(); schedule(); };
byId('filter').onkeydown = ({ key, target }) => { if (key === 'Escape') { target.value = ''; view.filter = ''; schedule(); } };
byId('tree').onkeydown = onTreeKey;
byId('tree').onclick = onTreeClick;
byId('tabs').onclick = ({ target }) => { const tab = target.closest('[data-tab]'); if (tab) openTab(tab.dataset.tab); };
byId('tabs').onkeydown = onTabKey;
document.addEventListener('keydown', onKey);
setInterval(everySecond, 1000);
connect();
`
