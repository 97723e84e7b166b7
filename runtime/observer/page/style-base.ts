/** Colours, type, the bar at the top and the figures below it. */
export const STYLE_BASE = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#f6f6f4, #101214);
  --surface: light-dark(#ffffff, #16191c);
  --raised: light-dark(#f1f1ee, #1e2226);
  --line: light-dark(#e3e3de, #282d32);
  --text: light-dark(#1b1d1f, #e6e8ea);
  --muted: light-dark(#5d6167, #9aa1a9);
  --accent: light-dark(#0f7a6c, #4cc2b0);
  --ok: light-dark(#1d7f47, #56c288);
  --info: light-dark(#2a5fc0, #84adf5);
  --warning: light-dark(#8f5b00, #e5b04a);
  --critical: light-dark(#bd2430, #f48289);
  --shadow: light-dark(0 1px 2px #1b1d1f0d, 0 0 #0000);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Code', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif;
  -webkit-text-size-adjust: 100%;
}
:root[data-theme='light'] { color-scheme: light; }
:root[data-theme='dark'] { color-scheme: dark; }
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--bg); color: var(--text); }
h1, h2, h3, p, dl, dd, ul { margin: 0; padding: 0; }
h2 { font-size: 14px; font-weight: 600; }
a { color: var(--accent); }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button, input {
  font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line);
  border-radius: 7px; padding: 5px 12px; min-height: 34px;
}
button { cursor: pointer; }
button:hover { background: var(--raised); }
button[aria-pressed='true'] { background: var(--text); border-color: var(--text); color: var(--bg); }
input::placeholder { color: var(--muted); opacity: 1; }
.hidden, .skip:not(:focus) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.skip:focus { position: absolute; left: 16px; top: 10px; z-index: 2; background: var(--surface); padding: 6px 12px; }

.bar {
  display: flex; align-items: center; gap: 10px 18px; flex-wrap: wrap;
  padding: 11px 24px; background: var(--surface); border-bottom: 1px solid var(--line);
}
.brand { display: flex; align-items: center; gap: 8px; }
.brand svg { width: 20px; height: 20px; fill: none; stroke: var(--accent); stroke-width: 2; stroke-linecap: round; }
.brand h1 { font-size: 16px; font-weight: 650; letter-spacing: -.015em; }
.subject { color: var(--muted); font-size: 13px; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.subject b { color: var(--text); font-weight: 550; }
.actions { display: flex; gap: 8px; margin-left: auto; }
.pill { display: inline-flex; align-items: center; gap: 8px; border-color: transparent; background: none; font-variant-numeric: tabular-nums; }
.pill i { width: 8px; height: 8px; border-radius: 50%; background: var(--muted); }
.pill[data-state='live'] i { background: var(--ok); box-shadow: 0 0 0 3px color-mix(in srgb, var(--ok) 22%, transparent); }
.pill[data-state='paused'] i { background: var(--info); }
.pill[data-state='lost'] i { background: var(--critical); }
.notice {
  padding: 9px 24px; font-size: 13px; color: var(--warning);
  background: color-mix(in srgb, var(--warning) 10%, var(--surface)); border-bottom: 1px solid var(--line);
}

.figures {
  display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 1px;
  margin: 20px 24px 0; background: var(--line); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; box-shadow: var(--shadow);
}
.figures div { position: relative; display: flex; flex-direction: column-reverse; justify-content: flex-end; background: var(--surface); padding: 11px 16px 12px; min-width: 0; }
.figures dt { font-size: 12px; color: var(--muted); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.figures dd { font-size: 22px; line-height: 1.25; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.figures dd[data-tone='critical'] { color: var(--critical); }
.figures dd[data-tone='warning'] { color: var(--warning); }
.figures svg { position: absolute; right: 16px; top: 14px; width: 40%; height: 22px; overflow: visible; }
.figures polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }

.gate { display: grid; place-items: center; padding: 16px; }
.gate form { display: grid; gap: 10px; width: min(360px, 100%); padding: 28px; background: var(--surface); border: 1px solid var(--line); border-radius: 12px; }
.gate h1 { font-size: 18px; letter-spacing: -.015em; }
.gate p { color: var(--muted); margin-bottom: 6px; }
.gate label { font-size: 12px; color: var(--muted); margin-bottom: -6px; }
.gate button { background: var(--text); border-color: var(--text); color: var(--bg); margin-top: 4px; }
`
