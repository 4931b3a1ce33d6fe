/** The document of the console. Nothing in it is made from a request. */
const view = (id: string, title: string, body: string): string =>
  `<section class="view" id="view-${id}" aria-labelledby="title-${id}" hidden>
<h2 class="title" id="title-${id}" tabindex="-1">${title}</h2>
${body}
</section>`

const tabs: ReadonlyArray<readonly [string, string]> = [
  ["ask", "Ask"],
  ["decisions", "Decisions"],
  ["may", "Who may"],
  ["people", "People and teams"],
  ["issuers", "Issuers"],
  ["configuration", "Configuration"],
  ["health", "Health"]
]

const ask = `<div class="columns">
  <form id="question" class="card" aria-labelledby="question-title">
    <h3 id="question-title">The request</h3>
    <div class="field">
      <label for="as">Asked for</label>
      <select id="as"><option value="token">a token</option><option value="user">a person of the directory</option><option value="claims">the claims of a token</option><option value="agent">an agent on its own</option></select>
    </div>
    <div class="field" id="person-field" hidden>
      <label for="person">Who is calling</label>
      <select id="person"><option value="">somebody with a token of their own</option></select>
      <div id="people-known" class="choices" role="group" aria-label="Decide at once as"></div>
    </div>
    <div class="field" id="token-field">
      <label for="token">Token</label>
      <textarea id="token" rows="4" spellcheck="false" autocomplete="off" placeholder="eyJ… (leave empty to ask without one)"></textarea>
    </div>
    <div class="field" id="user-field" hidden>
      <label for="user">User id</label>
      <input id="user" autocomplete="off" spellcheck="false">
    </div>
    <div class="field" id="claims-field" hidden>
      <label for="claims">Claims</label>
      <textarea id="claims" rows="6" spellcheck="false" autocomplete="off" placeholder='{ "sub": "alice", "groups": ["red"] }'></textarea>
    </div>
    <div class="field" id="agent-field" hidden>
      <label for="agent">Agent that acts</label>
      <input id="agent" list="agents-known" placeholder="none" autocomplete="off" spellcheck="false">
      <datalist id="agents-known"></datalist>
    </div>
    <div class="row" id="tool-row">
      <div class="field narrow">
        <label for="kind">MCP</label>
        <select id="kind"><option value="tool">tool</option><option value="prompt">prompt</option><option value="resource">resource</option></select>
      </div>
      <div class="field">
        <label for="tool">What of a server</label>
        <input id="tool" list="servers" placeholder="none, or SERVER/NAME" autocomplete="off" spellcheck="false">
        <datalist id="servers"></datalist>
      </div>
    </div>
    <div class="row" id="route-row">
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
      <div class="field" id="model-field">
        <label for="model">Model</label>
        <input id="model" list="models" value="gpt-4o" placeholder="none" autocomplete="off" spellcheck="false">
        <datalist id="models"><option value="gpt-4o"><option value="gpt-4o-mini"><option value="claude-sonnet-4-5"></datalist>
      </div>
      <div class="field">
        <label for="team">Team header</label>
        <input id="team" placeholder="none" autocomplete="off" spellcheck="false">
      </div>
    </div>
    <button id="decide" class="primary" type="submit">Decide</button>
    <p class="note">Nothing is written: no row, no membership.</p>
  </form>
  <div id="answer" class="card" role="region" aria-live="polite" aria-labelledby="answer-title">
    <h3 id="answer-title">The decision</h3>
    <div id="verdict" class="verdict idle" role="status">Nothing asked yet.</div>
    <dl id="facts"></dl>
    <ol id="steps"></ol>
    <details id="raw" hidden><summary>The decision as JSON</summary><pre tabindex="0"></pre></details>
  </div>
</div>`

const field = (id: string, label: string, more = ""): string =>
  `<div class="field" id="${id}-field"><label for="${id}">${label}</label><input id="${id}" autocomplete="off" spellcheck="false"${more}></div>`

const decisions = `<form id="search" class="card bar filters">
  ${field("s-id", "Decision id", ` placeholder="d_…"`)}
  ${field("s-who", "Who", ` placeholder="id or address"`)}
  ${field("s-team", "Team")}
  ${field("s-model", "Model")}
  ${field("s-code", "Code", ` placeholder="team_model_denied"`)}
  ${field("s-status", "Status", ` inputmode="numeric" pattern="[1-5][0-9][0-9]" title="three digits"`)}
  ${field("s-tool", "Tool")}
  ${field("s-agent", "Agent")}
  ${field("s-since", "Since", ` placeholder="15m, 7d, 2026-11-24"`)}
  ${field("s-until", "Until", ` placeholder="2026-11-25"`)}
  <div class="actions"><button class="primary" type="submit">Search</button>
  <label class="check"><input type="checkbox" id="live"> Follow as they are made</label></div>
</form>
<div class="columns wide">
  <div class="card scroll" tabindex="0" role="region" aria-label="Found decisions"><table id="records"><thead><tr><th scope="col" id="records-time">Time</th><th scope="col">Answer</th><th scope="col">Who</th><th scope="col">Team</th><th scope="col">Asked for</th><th scope="col">Route</th></tr></thead><tbody></tbody></table>
  <p id="records-note" class="note"></p><button id="more" type="button" hidden>Older ones</button></div>
  <div class="card" id="record" role="region" aria-live="polite" aria-label="One decision"><p class="note idle">Choose a decision to see its steps.</p></div>
</div>`

const may = `<form id="matrix-form" class="card bar">
  ${
  field(
    "matrix-models",
    "Models",
    ` placeholder="gpt-4o, claude-sonnet-4-5" value="gpt-4o, gpt-4o-mini, claude-sonnet-4-5, text-embedding-3-small"`
  )
}
  ${field("matrix-tools", "Tools", ` placeholder="github/get_repo, github/delete_repo"`)}
  ${field("matrix-agent", "By the agent", ` placeholder="none" list="agents-known"`)}
  <button class="primary" type="submit">Show</button>
</form>
<div class="card scroll" tabindex="0" role="region" aria-label="Teams, models and tools"><table id="matrix"><thead></thead><tbody></tbody></table><p id="matrix-note" class="note" role="status"></p></div>
<div class="card" id="why" role="region" aria-live="polite" aria-label="Why" hidden></div>
<div class="columns even">
  <form id="who-form" class="card" aria-labelledby="who-title"><h3 id="who-title">Who can?</h3><div class="bar"><div class="field narrow" id="who-kind-field"><label for="who-kind">Kind</label><select id="who-kind"><option value="model">model</option><option value="tool">tool</option></select></div>${
  field("who-model", "Which one", ` required list="models" value="gpt-4o"`)
}${
  field("who-agent", "By the agent", ` placeholder="any" list="agents-known"`)
}<button class="primary" type="submit">Who can</button></div>
  <div class="scroll"><table id="who"><thead><tr><th scope="col">Who</th><th scope="col">Name</th><th scope="col">In, or for</th></tr></thead><tbody></tbody></table></div><p id="who-note" class="note" role="status"></p></form>
  <form id="what-form" class="card" aria-labelledby="what-title"><h3 id="what-title">What can somebody call?</h3><div class="bar">${
  field("what-user", "User, team or agent id", ` required`)
}${
  field("what-agent", "By the agent", ` placeholder="none" list="agents-known"`)
}<button class="primary" type="submit">What can</button></div>
  <div class="scroll"><table id="what"><thead><tr><th scope="col">In</th><th scope="col">Answer</th><th scope="col">Models</th><th scope="col">Tools</th></tr></thead><tbody></tbody></table></div><p id="what-note" class="note" role="status"></p></form>
</div>`

const people = `<form id="people-form" class="card bar">
  ${field("people-find", "User id or address", ` placeholder="all"`)}
  <button class="primary" type="submit">Find</button>
</form>
<div class="card scroll" tabindex="0" role="region" aria-label="Users"><h3>Users</h3><table id="users"><thead><tr><th scope="col">Id</th><th scope="col">Address</th><th scope="col">Role</th><th scope="col">Teams</th><th scope="col">May call</th><th scope="col"><span class="hidden">Block</span></th></tr></thead><tbody></tbody></table></div>
<div class="card scroll" tabindex="0" role="region" aria-label="Teams"><h3>Teams</h3><table id="teams"><thead><tr><th scope="col">Id</th><th scope="col">Name</th><th scope="col">Organization</th><th scope="col">May call</th><th scope="col">Spend</th><th scope="col"><span class="hidden">Block</span></th></tr></thead><tbody></tbody></table></div>
<div class="card scroll" id="agents-card" tabindex="0" role="region" aria-label="Agents" hidden><h3>Agents</h3><table id="agents"><thead><tr><th scope="col">Id</th><th scope="col">Name</th><th scope="col">Tools</th><th scope="col">Models</th><th scope="col">Teams</th><th scope="col">On its own</th><th scope="col"><span class="hidden">Block</span></th></tr></thead><tbody></tbody></table></div>
<form id="deny-form" class="card bar"><h3>Deny tokens</h3><div class="field"><label for="deny-issuer">Issuer</label><select id="deny-issuer"></select></div><div class="field"><label for="deny-what">What is denied</label><select id="deny-what"><option value="jti">one token, by its jti</option><option value="subject">all of a subject</option><option value="kid">all signed with a key</option></select></div>${
  field("deny-value", "Its jti, subject or kid", ` required`)
}<button class="primary danger" type="submit">Deny</button><p id="deny-note" class="note" role="status"></p></form>`

const issuers = `<div id="issuers" class="cards"></div>
<div class="card scroll" tabindex="0" role="region" aria-label="Refused tokens"><h3>Tokens refused in the last hour</h3><table id="refusals"><thead><tr><th scope="col">Cause</th><th scope="col">Issuer</th><th scope="col">Tokens</th><th scope="col">Last</th></tr></thead><tbody></tbody></table><p id="refusals-note" class="note"></p></div>`

const configuration = `<div class="columns even">
<div class="card"><h3>In force</h3><dl id="config-status"></dl><div id="config-warnings"></div><details><summary>The settings, without secrets</summary><pre id="config" tabindex="0"></pre></details></div>
<form id="validate" class="card"><h3>Try another file</h3><div class="field"><label for="config-text">A configuration, pasted</label><textarea id="config-text" rows="14" spellcheck="false" autocomplete="off" required placeholder="issuers:&#10;  - { id: okta, issuer: https://…, audience: [llm-gateway] }&#10;…"></textarea></div><div class="actions"><button class="primary" type="submit">Check it</button><button id="plan" type="button">What would change for whom?</button></div><div id="findings" role="status"></div><div class="scroll"><table id="changes" hidden><thead><tr><th scope="col">Who</th><th scope="col">Asked</th><th scope="col">Was</th><th scope="col">Would be</th></tr></thead><tbody></tbody></table></div></form>
</div>`

const health = `<div id="tiles" class="cards"></div>
<div class="columns even"><div class="card"><h3>Decisions a minute</h3><div id="chart-decisions" class="chart"></div><p class="legend"><span class="allow">allowed</span><span class="deny">denied</span></p></div>
<div class="card"><h3>Time of a decision, in milliseconds</h3><div id="chart-times" class="chart"></div><p class="legend"><span class="half">median</span><span class="most">95th percentile</span></p></div>
<div class="card"><h3>Denials by code</h3><div id="chart-codes"></div></div>
<div class="card scroll" tabindex="0" role="region" aria-label="Upstreams"><h3>Upstreams</h3><table id="upstreams"><thead><tr><th scope="col">Where</th><th scope="col">Requests</th><th scope="col">Failed</th><th scope="col">First byte, median</th></tr></thead><tbody></tbody></table><p id="upstreams-note" class="note"></p></div></div>
<p class="note">Of the last 30 minutes, 1000 decisions at most.</p>`

const bodies: Readonly<Record<string, string>> = { ask, decisions, may, people, issuers, configuration, health }

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
  <nav aria-label="Views">${tabs.map(([id, name]) => `<a href="#${id}" id="tab-${id}">${name}</a>`).join("")}</nav>
</header>
<main>
<form id="admin-field" class="card bar" hidden>
  <div class="field"><label for="admin">Admin token</label><input id="admin" type="password" autocomplete="off"></div>
  <button class="primary" type="submit">Use it</button>
  <p class="note">This console needs the token of <code>gateway.adminToken</code>. It is kept in this page alone.</p>
</form>
<noscript><p class="card">This console needs JavaScript. Without it, one decision is at <code>/decisions/ID</code>.</p></noscript>
${tabs.map(([id, name]) => view(id, name, bodies[id] ?? "")).join("\n")}
</main>
<footer><a href="/docs">API</a><a href="/readyz">readiness</a><a href="/metrics">metrics</a></footer>
</body>
</html>
`
