/** The document of the page. Nothing in it is made from a request. */
export const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>jotgate: who may what, and why</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<header>
  <h1><span class="mark" aria-hidden="true"></span>jotgate</h1>
  <p>Ask about one request, and see every step of the decision.</p>
</header>
<main>
  <form id="question" aria-labelledby="question-title">
    <h2 id="question-title">The request</h2>
    <div class="field" id="person-field" hidden>
      <label for="person">Who is calling</label>
      <select id="person"><option value="">somebody with a token of their own</option></select>
    </div>
    <div class="field" id="token-field">
      <label for="token">Token</label>
      <textarea id="token" rows="4" spellcheck="false" autocomplete="off" placeholder="eyJ… (leave empty to ask without one)"></textarea>
    </div>
    <div class="row">
      <div class="field narrow">
        <label for="method">Method</label>
        <select id="method"><option>POST</option><option>GET</option><option>PUT</option><option>PATCH</option><option>DELETE</option></select>
      </div>
      <div class="field">
        <label for="route">Route</label>
        <input id="route" list="routes" value="/v1/chat/completions" required pattern="/.*" title="starts with a slash" autocomplete="off" spellcheck="false">
        <datalist id="routes">
          <option value="/v1/chat/completions"><option value="/v1/responses"><option value="/v1/messages"><option value="/v1/embeddings"><option value="/v1/models"><option value="/key/generate">
        </datalist>
      </div>
    </div>
    <div class="row">
      <div class="field">
        <label for="model">Model</label>
        <input id="model" list="models" value="gpt-4o" placeholder="none" autocomplete="off" spellcheck="false">
        <datalist id="models"><option value="gpt-4o"><option value="gpt-4o-mini"><option value="claude-sonnet-4-5"></datalist>
      </div>
      <div class="field">
        <label for="team">Team header</label>
        <input id="team" placeholder="none" autocomplete="off" spellcheck="false">
      </div>
    </div>
    <div class="field" id="admin-field" hidden>
      <label for="admin">Admin token</label>
      <input id="admin" type="password" autocomplete="off">
    </div>
    <button id="decide" type="submit">Decide</button>
  </form>
  <section id="answer" aria-live="polite" aria-labelledby="answer-title">
    <h2 id="answer-title">The decision</h2>
    <div id="verdict" class="verdict idle" role="status">Nothing asked yet.</div>
    <dl id="facts"></dl>
    <ol id="steps"></ol>
    <details id="raw" hidden><summary>The decision as JSON</summary><pre tabindex="0"></pre></details>
  </section>
</main>
<footer><a href="/docs">API</a><a href="/readyz">readiness</a><a href="/metrics">metrics</a></footer>
</body>
</html>
`
