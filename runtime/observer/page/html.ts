/** The page's markup; everything in it that changes is filled in by the script, as text. */
export const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>nodelens</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='7' cy='7' r='4.5' fill='none' stroke='%230f7a6c' stroke-width='2'/%3E%3Cpath d='M10.5 10.5 14 14' stroke='%230f7a6c' stroke-width='2' stroke-linecap='round'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/assets/app.css">
<script type="module" src="/assets/app.js"></script>
</head>
<body>
<a class="skip" href="#tree">Skip to the actor tree</a>
<header class="bar">
  <div class="brand">
    <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.75"/><path d="M10.6 10.6 14 14"/></svg>
    <h1>nodelens</h1>
  </div>
  <p class="subject" id="subject"></p>
  <div class="actions">
    <button type="button" class="pill" id="connection" data-state="connecting"><i></i><span>Connecting</span></button>
    <button type="button" id="pause" aria-pressed="false" title="Pause or resume (P)">Pause</button>
    <button type="button" id="export" title="Download the snapshot as JSON">Export</button>
    <button type="button" id="theme" title="Theme">Auto</button>
  </div>
</header>
<p class="notice" id="notice" role="alert" hidden></p>
<dl class="figures" id="figures" aria-label="Figures"></dl>
<main>
  <section class="panel" aria-labelledby="tree-title">
    <header>
      <h2 id="tree-title">Actor tree</h2>
      <input type="search" id="filter" placeholder="Filter" aria-label="Filter processes and findings" title="Filter (/)" autocomplete="off" spellcheck="false">
    </header>
    <div class="tree" id="tree" role="treegrid" aria-labelledby="tree-title">
      <div class="row head" role="row">
        <span role="columnheader">Process</span><span role="columnheader">Status</span><span role="columnheader" class="wide">Thread</span><span role="columnheader" class="number">Mailbox</span><span role="columnheader" class="number">Handled</span><span role="columnheader" class="number wide">Restarts</span><span role="columnheader" class="wide pid">Pid</span>
      </div>
      <div class="rows" id="rows" role="rowgroup"></div>
    </div>
    <p class="empty" id="tree-empty">Waiting for the first snapshot.</p>
    <dl class="detail" id="detail" hidden></dl>
  </section>
  <section class="panel findings" aria-label="Findings">
    <header><div class="tabs" id="tabs" role="tablist" aria-label="Findings"></div></header>
    <div class="cards" id="cards" role="tabpanel" tabindex="0"></div>
  </section>
</main>
<p class="hidden" id="announce" role="status"></p>
<noscript><p class="notice">This page draws the tree with a script; <a href="/api/v1/snapshot">the snapshot as JSON</a> needs none.</p></noscript>
</body>
</html>
`

/** What a browser without the token gets at \`/\`. */
export const TOKEN_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>nodelens: token needed</title>
<link rel="stylesheet" href="/assets/app.css">
</head>
<body class="gate">
<form method="get" action="/">
  <h1>nodelens</h1>
  <p>This observer shows itself only to those who know its token.</p>
  <label for="token">Token</label>
  <input id="token" name="token" type="password" required autocomplete="current-password" autofocus>
  <button type="submit">Open</button>
</form>
</body>
</html>
`
