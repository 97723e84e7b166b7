/** The tree, the findings, and what changes on a small screen. */
export const STYLE_PANELS = `
main { display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(400px, 1fr); gap: 20px; padding: 20px 24px 32px; align-items: start; }
.panel { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); min-width: 0; overflow: clip; }
.panel > header { display: flex; align-items: center; gap: 12px; min-height: 52px; padding: 8px 16px; border-bottom: 1px solid var(--line); }
.panel > header input { margin-left: auto; width: min(240px, 55%); }
.empty { padding: 36px 24px; color: var(--muted); text-align: center; text-wrap: balance; }

.row {
  display: grid; align-items: center; gap: 0 14px; padding: 0 16px; min-height: 36px;
  grid-template-columns: minmax(190px, 1.9fr) minmax(90px, .5fr) minmax(64px, .35fr) 56px 68px 58px 58px;
}
.row > span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row.head { min-height: 32px; font-size: 12px; color: var(--muted); border-bottom: 1px solid var(--line); }
.row .number { text-align: right; font-variant-numeric: tabular-nums; }
.rows .row { cursor: default; border-radius: 0; }
.rows .row + .row { border-top: 1px solid color-mix(in srgb, var(--line) 55%, transparent); }
.rows .row:hover { background: color-mix(in srgb, var(--raised) 60%, transparent); }
.rows .row[aria-selected='true'] { background: var(--raised); }
.rows .row:focus-visible { outline-offset: -2px; }
.row .name { display: flex; align-items: center; gap: 8px; padding-left: calc(var(--level, 0) * 18px); }
.row .name b { font-weight: 550; overflow: hidden; text-overflow: ellipsis; }
.row .name small { color: var(--muted); font-size: 12px; overflow: hidden; text-overflow: ellipsis; flex: 0 1000 auto; min-width: 0; }
.row .twist { width: 14px; flex: none; color: var(--muted); text-align: center; font-size: 10px; transition: transform .12s; }
.row[aria-expanded='true'] .twist { transform: rotate(90deg); }
.row .kind { width: 14px; height: 14px; flex: none; fill: none; stroke: var(--muted); stroke-width: 1.4; }
.row[data-kind='supervisor'] .kind { stroke: var(--accent); }
.row .pid, .row .thread { color: var(--muted); font-size: 12px; }
.row .pid { font-family: var(--mono); padding-left: 6px; }
.row.head .pid { font-family: inherit; }
.row .quiet { color: var(--muted); }
.row .loud { color: var(--warning); font-weight: 600; }
.status { display: flex; align-items: center; gap: 7px; font-size: 13px; color: var(--muted); }
.status::before { content: ''; width: 7px; height: 7px; flex: none; border-radius: 50%; border: 1.5px solid currentColor; }
.status em { font-style: normal; overflow: hidden; text-overflow: ellipsis; }
[data-status='running'] .status { color: var(--ok); }
[data-status='running'] .status::before { background: currentColor; }
[data-status='starting'] .status { color: var(--info); }
[data-status='restarting'] .status, [data-mark='restart'] .status { color: var(--warning); }
[data-status='unresponsive'] .status, [data-status='exited'] .status { color: var(--critical); }
[data-status='unresponsive'] .status::before { background: currentColor; }
[data-mark] .status { grid-column: span 2; }
[data-mark] .thread { display: none; }
[data-status='exited'] .name b, [data-status='left'] .name b { text-decoration: line-through; color: var(--muted); }
[data-mark='restart'] { animation: flash-restart 2.4s ease-out; }
[data-mark='leave'] { animation: flash-leave 2.4s ease-out; }
[data-mark='exit'] { animation: flash-exit 2.4s ease-out; }
@keyframes flash-restart { from { background: color-mix(in srgb, var(--warning) 26%, transparent); } }
@keyframes flash-leave { from { background: color-mix(in srgb, var(--muted) 22%, transparent); } }
@keyframes flash-exit { from { background: color-mix(in srgb, var(--critical) 24%, transparent); } }
.more { padding: 10px 16px; color: var(--muted); font-size: 12px; border-top: 1px solid var(--line); }
.detail { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px 20px; padding: 14px 16px 16px; border-top: 1px solid var(--line); background: color-mix(in srgb, var(--raised) 55%, transparent); }
.detail dt { font-size: 12px; color: var(--muted); }
.detail dd { overflow-wrap: anywhere; }

.tabs { display: flex; gap: 0; font-size: 13px; overflow-x: auto; margin: 0 -8px; scrollbar-width: none; }
.tabs button { border: 0; background: none; color: var(--muted); padding: 5px 8px; white-space: nowrap; }
.tabs button:focus-visible { outline-offset: -2px; }
.tabs button[aria-selected='true'] { color: var(--text); font-weight: 600; background: var(--raised); }
.tabs sup { font-size: 11px; line-height: 1; margin-left: 4px; vertical-align: baseline; font-weight: 500; color: var(--muted); font-variant-numeric: tabular-nums; }
.cards { max-height: calc(100vh - 232px); min-height: 200px; overflow-y: auto; }
.cards:focus-visible { outline-offset: -3px; }
.card { padding: 16px; overflow-wrap: anywhere; }
.card + .card { border-top: 1px solid var(--line); }
.card.fresh { animation: flash-fresh 2s ease-out; }
@keyframes flash-fresh { from { background: color-mix(in srgb, var(--accent) 14%, transparent); } }
.card h3 { font-size: 15px; line-height: 1.4; font-weight: 600; text-wrap: pretty; margin-top: 6px; }
.card .top { display: flex; align-items: center; gap: 8px; font-size: 12px; color: var(--muted); }
.card .top time { margin-left: auto; white-space: nowrap; }
.chip { font-size: 12px; font-weight: 550; line-height: 1; padding: 4px 7px; border-radius: 5px; color: var(--tone, var(--muted)); background: color-mix(in srgb, var(--tone, var(--muted)) 13%, transparent); }
[data-tone='critical'] { --tone: var(--critical); }
[data-tone='warning'] { --tone: var(--warning); }
[data-tone='info'] { --tone: var(--info); }
[data-tone='ok'] { --tone: var(--ok); }
.card .where { margin-top: 9px; padding: 8px 11px; border-radius: 7px; background: var(--raised); font: 12.5px/1.5 var(--mono); }
.card .where span { color: var(--muted); }
.card dl { display: grid; gap: 9px; margin-top: 11px; }
.card dt { font-size: 12px; color: var(--muted); }
.card .facts { display: flex; flex-wrap: wrap; gap: 3px 16px; font-size: 12px; color: var(--muted); margin-top: 11px; }
.card .facts b { font-weight: 550; color: var(--text); }
.card details { margin-top: 10px; font-size: 13px; }
.card summary { cursor: pointer; color: var(--muted); width: fit-content; }
.card summary:hover { color: var(--text); }
.card details ul { margin: 6px 0 0; padding-left: 18px; display: grid; gap: 4px; }
.card pre { margin: 8px 0 0; padding: 10px 11px; max-height: 320px; overflow: auto; border-radius: 7px; background: var(--raised); font: 12px/1.5 var(--mono); white-space: pre-wrap; }
.line { display: grid; grid-template-columns: 64px 1fr; gap: 10px; padding: 7px 16px; font-size: 13px; }
.line time { color: var(--muted); font-size: 12px; line-height: 20px; font-variant-numeric: tabular-nums; }
.line b { font-weight: 550; }
.line span { color: var(--tone, var(--muted)); overflow-wrap: anywhere; }

@media (max-width: 1500px) {
  main { grid-template-columns: minmax(0, 1.9fr) minmax(360px, 1fr); }
  .row { grid-template-columns: minmax(190px, 1.9fr) minmax(90px, .5fr) minmax(64px, .35fr) 56px 68px 58px; gap: 0 10px; }
  .row .pid { display: none; }
}
@media (max-width: 1020px) {
  main { grid-template-columns: minmax(0, 1fr); }
  .cards { max-height: none; }
}
@media (max-width: 640px) {
  .bar { padding: 10px 14px; }
  .subject { order: 0; flex: 1; text-align: right; }
  .actions { flex-basis: 100%; gap: 6px; }
  .actions button { padding: 5px 11px; }
  .actions .pill { margin-right: auto; padding-left: 4px; }
  .notice { padding: 9px 14px; }
  .figures { grid-template-columns: repeat(3, minmax(0, 1fr)); margin: 14px 14px 0; }
  .figures div { padding: 9px 12px; }
  .figures dd { font-size: 19px; }
  .figures svg { display: none; }
  main { padding: 14px; gap: 14px; }
  .row { grid-template: 'name mailbox handled' auto 'status mailbox handled' auto / minmax(0, 1fr) 58px 66px; gap: 0 8px; padding: 6px 12px; }
  .row .wide, .row.head span:nth-child(2) { display: none; }
  .row .name { grid-area: name; padding-left: calc(var(--level, 0) * 10px); gap: 6px; }
  .row .status, .row[data-mark] .status { grid-area: status; padding-left: calc(var(--level, 0) * 10px + 40px); font-size: 12px; }
  .row .number:nth-child(4) { grid-area: mailbox; }
  .row .number:nth-child(5) { grid-area: handled; }
  .line, .card, .panel > header { padding-left: 12px; padding-right: 12px; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  .chip, .pill i, .status::before { border: 1px solid; }
}
`
