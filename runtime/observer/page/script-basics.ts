import { reducerFunctions } from '../apply-event.ts'

/** The reducer itself (its tested functions, as text), the page's state, and how it makes elements. */
export const SCRIPT_BASICS = `
const __name = (target) => target; // some loaders of TypeScript leave calls of it in the text below
${reducerFunctions.map(String).join('\n')}
${String.raw`
const byId = (id) => document.getElementById(id);

/** What the page shows. One object, changed in place; render() draws it. */
const view = {
  state: null, seq: 0, hello: null, itemsPerTopic: 100,
  connection: { type: 'connecting' }, paused: false, isStale: false, notice: '',
  filter: '', collapsed: new Set(), selected: null, focused: null, tab: 'insights',
  ghosts: new Map(), marks: new Map(), activity: [], fresh: new Map(), rates: [],
};
const GHOST_MS = 6000;
const MAX_ACTIVITY = 200;
const MAX_RATES = 40;

/** The only way in which this page makes elements: whatever is a string becomes text. */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== null) made.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}
const KIND_PATHS = {
  supervisor: 'M7 1.5v4M2.5 12.5v-3h9v3M7 5.5v4',
  worker: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9z',
  thread: 'M2 4h10M2 7h10M2 10h10',
};
function vector(tag, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
function kindIcon(kind) {
  const icon = vector('svg', { viewBox: '0 0 14 14', class: 'kind', 'aria-hidden': 'true' });
  icon.append(vector('path', { d: KIND_PATHS[kind] || KIND_PATHS.worker }));
  return icon;
}
/** Sets text only where it differs, so that a selection in the page survives. */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const count = (number) => (number < 100000 ? grouped.format(number) : compact.format(number));
function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return seconds + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
  if (seconds < 172800) return Math.floor(seconds / 3600) + ' h ' + Math.floor((seconds % 3600) / 60) + ' min';
  return Math.floor(seconds / 86400) + ' d';
}
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll('_', ' ');
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** One line for any value. */
function asText(value) {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return JSON.stringify(value);
}
/** Why a process ended, for people: 'normal', 'error: TypeError: x is not a function'. */
function reasonText(reason) {
  if (!isObject(reason)) return asText(reason);
  const { type, error, detail } = reason;
  if (isObject(error)) return type + ': ' + asText(error.name || 'Error') + ': ' + asText(error.message);
  return detail === undefined ? asText(type) : type + ': ' + asText(detail);
}
const isCalm = (reason) => isObject(reason) && (reason.type === 'normal' || reason.type === 'shutdown');
function matches(text) {
  return view.filter === '' || text.toLowerCase().includes(view.filter);
}
function labelOf(process) {
  return process.name || process.id;
}
`}`
