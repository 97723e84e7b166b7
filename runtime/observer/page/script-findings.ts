/** Draws figures, tabs and cards: what agents found, as text and nothing but text. */
export const SCRIPT_FINDINGS = String.raw`
const SEVERITIES = ['critical', 'warning', 'info'];
const FIRST_TABS = ['insights', 'investigations', 'notifications', 'operators'];
const NOTHING_YET = {
  insights: 'No insights. What an investigation finds is shown here: the cause, the function and the line.',
  investigations: 'No investigation has run yet.',
  notifications: 'No operator has reported anything.',
  operators: 'No operator has been started.',
  activity: 'Starts, restarts and exits of processes are listed here.',
};
const TITLE_FIELDS = ['summary', 'observation', 'reason', 'title', 'message', 'skill', 'type', 'name', 'id'];
const DATA_TONES = { critical: 'critical', error: 'critical', failed: 'critical', crashed: 'critical', warning: 'warning', partial: 'warning', unverified: 'warning', cancelled: 'warning', deadline_exceeded: 'warning', info: 'info', running: 'info', done: 'ok', completed: 'ok', healthy: 'ok' };

function topicNames() {
  const known = view.state ? [...view.state.topics.keys()] : view.hello ? view.hello.topics : [];
  const first = FIRST_TABS.filter((name) => known.includes(name));
  return [...first, ...known.filter((name) => !first.includes(name)), 'activity'];
}
const itemsOf = (topic) => (view.state && view.state.topics.get(topic)) || [];

function renderTabs() {
  const names = topicNames();
  if (!names.includes(view.tab) && view.state) view.tab = names[0];
  const tabs = byId('tabs');
  const key = JSON.stringify([names, view.tab, names.map((name) => itemsOf(name).length)]);
  if (tabs.dataset.key === key) return;
  tabs.dataset.key = key;
  const hadFocus = tabs.contains(document.activeElement);
  tabs.replaceChildren(...names.map((name) => {
    const isOn = name === view.tab;
    const tab = element('button', { type: 'button', role: 'tab', id: 'tab-' + name, 'data-tab': name, 'aria-selected': isOn, 'aria-controls': 'cards', tabindex: isOn ? 0 : -1 }, capital(name));
    if (name !== 'activity') tab.append(element('sup', {}, String(itemsOf(name).length)));
    return tab;
  }));
  byId('cards').setAttribute('aria-labelledby', 'tab-' + view.tab);
  const on = tabs.querySelector('[aria-selected=true]');
  if (on) on.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  if (on && hadFocus) on.focus();
}
function openTab(name) {
  view.tab = name;
  renderTabs();
  renderCards();
}
function onTabKey(event) {
  const names = topicNames();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  openTab(names[(names.indexOf(view.tab) + step + names.length) % names.length]);
  byId('tab-' + view.tab).focus();
}

let cardsKey = '';
function renderCards() {
  const isActivity = view.tab === 'activity';
  const items = isActivity ? view.activity : itemsOf(view.tab);
  const key = view.tab + '|' + view.filter + '|' + items.length + '|' + items.map((item) => item.id + '@' + item.stamp).join();
  const newest = items[items.length - 1];
  const now = key + (newest ? JSON.stringify(newest.data || newest.text) : '');
  if (now === cardsKey) return;
  cardsKey = now;
  const box = byId('cards');
  const open = new Set([...box.querySelectorAll('details[open]')].map((details) => details.dataset.key));
  const fit = items.filter((item) => matches(isActivity ? item.who + ' ' + item.text : JSON.stringify(item.data) || ''));
  const made = fit.toReversed().map((item) => (isActivity ? activityLine(item) : card(item)));
  const nothing = items.length === 0 ? NOTHING_YET[view.tab] || 'Nothing yet.' : 'Nothing fits the filter.';
  box.replaceChildren(...(made.length > 0 ? made : [element('p', { class: 'empty' }, nothing)]));
  for (const details of box.querySelectorAll('details')) details.open = open.has(details.dataset.key);
}
function activityLine({ at, who, text, tone }) {
  return element('div', { class: 'line' }, element('time', {}, clock(at)), element('div', {}, element('b', {}, who), ' ', element('span', { 'data-tone': tone }, text)));
}
function chip(text) {
  const tone = DATA_TONES[text.toLowerCase()];
  return element('span', { class: 'chip', 'data-tone': tone }, capital(text));
}
function card(item) {
  const data = isObject(item.data) ? item.data : { summary: asText(item.data) };
  const made = element('article', { class: 'card' + (view.fresh.has(item.topic + item.id) ? ' fresh' : '') });
  const top = element('div', { class: 'top' });
  for (const field of ['severity', 'status', 'outcome']) {
    if (typeof data[field] === 'string') top.append(chip(data[field]));
  }
  if (data.partial === true) top.append(chip('partial'));
  if (Array.isArray(data.unverified) && data.unverified.length > 0) top.append(chip('unverified'));
  if (typeof data.repeatOf === 'string') top.append(chip('repeat'));
  if (typeof data.confidence === 'string') top.append(element('span', {}, capital(data.confidence) + ' confidence'));
  top.append(element('time', { datetime: new Date(item.at).toISOString(), title: new Date(item.at).toString() }, clock(item.at)));
  const field = TITLE_FIELDS.find((name) => data[name] !== undefined && data[name] !== null && data[name] !== '');
  made.append(top, element('h3', {}, field ? asText(data[field]) : item.id));
  const where = locationLine(data.location);
  if (where) made.append(where);
  const texts = [
    ['Cause', data.rootCauseHypothesis], ['Hypothesis', data.hypothesis], ['What to do', data.remediation],
    ['Not verified', Array.isArray(data.unverified) ? data.unverified.map(asText).join('; ') : undefined],
    ['Again', typeof data.repeatOf === 'string' ? 'Told first as ' + data.repeatOf + ', met ' + asText(data.occurrences) + ' times by now' : undefined],
  ].filter(([, value]) => value !== undefined && value !== null && value !== '');
  if (texts.length > 0) made.append(element('dl', {}, ...texts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, asText(value))))));
  made.append(factsLine(data), ...foldedParts(item, data));
  return made;
}
function locationLine(location) {
  if (!isObject(location) || !location.file) return null;
  const line = element('div', { class: 'where' });
  const place = asText(location.file) + (location.line ? ':' + asText(location.line) : '');
  if (location.function) line.append(element('b', {}, asText(location.function)), element('span', {}, ' in '));
  line.append(place);
  const owner = isObject(location.package) ? [location.package.name, location.package.version].filter(Boolean).join('@') : asText(location.package);
  if (owner) line.append(element('span', {}, '  ' + owner));
  return line;
}
function factsLine(data) {
  const facts = [
    ['Model', data.model], ['Operator', data.operator], ['Correlation', data.correlationType],
    ['Grounded', data.hypothesisGrounded === undefined ? undefined : data.hypothesisGrounded ? 'yes' : 'no'],
    ['Took', typeof data.durationMs === 'number' ? duration(data.durationMs) : undefined],
  ].filter(([, value]) => value !== undefined && value !== null && value !== '');
  const line = element('div', { class: 'facts' });
  for (const [name, value] of facts) line.append(element('span', {}, name + ' ', element('b', {}, asText(value))));
  return facts.length > 0 ? line : null;
}
function chainLine(link) {
  const numbers = (Array.isArray(link.measurements) ? link.measurements : []).filter(isObject).map((one) => asText(one.name) + ' = ' + asText(one.value) + (one.snapshotId ? ' (' + asText(one.snapshotId) + ' ' + asText(one.path) + ')' : ' (result)'));
  const seen = (Array.isArray(link.snapshots) ? link.snapshots : []).filter(isObject).map((one) => asText(one.id));
  return asText(link.notificationId) + ': ' + (numbers.length > 0 ? numbers.join(', ') : seen.join(', '));
}
function foldedParts(item, data) {
  const fold = (name, title, content) => element('details', { 'data-key': item.topic + item.id + name }, element('summary', {}, title), content);
  const evidence = Array.isArray(data.evidence) ? data.evidence : data.evidence ? [data.evidence] : [];
  const parts = [];
  if (evidence.length > 0) parts.push(fold('evidence', 'Evidence (' + evidence.length + ')', element('ul', {}, ...evidence.map((one) => element('li', {}, asText(one))))));
  const chain = Array.isArray(data.evidenceChain) ? data.evidenceChain.filter(isObject) : [];
  if (chain.length > 0) parts.push(fold('chain', 'Rests on (' + chain.length + ')', element('ul', {}, ...chain.map((link) => element('li', {}, chainLine(link))))));
  parts.push(fold('all', item.truncated ? 'All fields (cut)' : 'All fields', element('pre', {}, JSON.stringify(item.data, null, 2))));
  return parts;
}
`
