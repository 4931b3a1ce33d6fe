/** The style of the console: system fonts, light and dark, no asset from elsewhere. */
export const css = `
:root { --paper: #f6f6f3; --card: #fff; --ink: #1c1d21; --soft: #585b63; --line: #dcdcd5; --accent: #2c56cf; --on-accent: #fff; --allow: #14663a; --allow-bg: #e3f4e9; --deny: #9d221e; --deny-bg: #fbe7e5; --on-deny: #fff; --wait: #7a4f00; --wait-bg: #fdf1d8 }
@media (prefers-color-scheme: dark) { :root { --paper: #131417; --card: #1c1e23; --ink: #ececef; --soft: #a8abb5; --line: #32353d; --accent: #8fabff; --on-accent: #10131c; --allow: #7bdca4; --allow-bg: #143223; --deny: #ffa59f; --deny-bg: #3d1b1a; --on-deny: #2a0a09; --wait: #f3c66b; --wait-bg: #3a2c10 } }
* { box-sizing: border-box } [hidden] { display: none !important }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 ui-sans-serif, system-ui, sans-serif }
header { background: var(--card); border-bottom: 1px solid var(--line); display: flex; align-items: center; gap: 2rem; padding: 0 max(1.25rem, calc((100vw - 84rem) / 2)); position: sticky; top: 0; z-index: 1 }
h1 { margin: 0; font-size: 1.15rem; letter-spacing: -.01em; display: flex; align-items: center; gap: .55rem; padding: .9rem 0 }
nav { display: flex; gap: .2rem; overflow-x: auto; align-self: stretch }
nav a { color: var(--soft); text-decoration: none; padding: 0 .75rem; display: flex; align-items: center; border-bottom: .17rem solid transparent; white-space: nowrap; font-size: .94rem }
nav a:hover { color: var(--ink) } nav a[aria-current] { color: var(--ink); border-color: var(--accent); font-weight: 600 }
main, footer { max-width: 84rem; margin: 0 auto; padding: 1.5rem 1.25rem 0 }
.title { margin: 0 0 1rem; font-size: 1.35rem; letter-spacing: -.015em; outline: none }
.mark { width: 1rem; height: 1.15rem; border: .2rem solid var(--accent); border-bottom: 0; border-radius: .6rem .6rem 0 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1.1rem 1.25rem 1.25rem; margin: 0 0 1.1rem; min-width: 0 }
.scroll { overflow-x: auto; position: relative } .cards { margin-bottom: 1.1rem } .cards .card { margin: 0 }
.columns { display: grid; grid-template-columns: minmax(19rem, 2fr) 3fr; gap: 1.1rem; align-items: start } .columns.wide { grid-template-columns: 3fr minmax(22rem, 2fr) } .columns.even { grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)) } .columns > .card { margin: 0 } .columns { margin-bottom: 1.1rem } .columns.wide:has(.note.idle) { grid-template-columns: minmax(0, 1fr) } #record:has(.note.idle) { display: none } .columns.wide:not(:has(.note.idle)) :is(th, td):nth-child(6) { display: none }
.bar.filters { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(13.5rem, 45%), 1fr)) } .filters .actions { grid-column: 1 / -1 } #tiles { grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)) } #issuers { grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)) } #who:not(:has(td)), #what:not(:has(td)) { display: none } #who, #what { margin-top: .8rem }
.choices { display: flex; flex-wrap: wrap; gap: .4rem; margin-top: .3rem } .choices:empty { display: none } .choices button { font: .84rem/1.4 ui-monospace, monospace; padding: .3rem .7rem }
.actions { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: center; flex: 1 0 100% } .actions .check { color: var(--ink); font-size: .9rem }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.1rem }
.bar { display: flex; flex-wrap: wrap; gap: .8rem; align-items: flex-end } .bar .field { flex: 1 1 8.5rem; margin: 0 } .bar h3 { flex: 1 0 100%; margin: 0 } .bar .note { flex: 1 0 100%; margin: 0 }
h3 { margin: 0 0 .8rem; font-size: .98rem; font-weight: 650 }
.field { display: flex; flex-direction: column; gap: .25rem; margin-bottom: .85rem; flex: 1; min-width: 0 } .field[hidden] { display: none }
.row { display: flex; gap: .8rem } .narrow { flex: 0 0 6.5rem }
label { font-size: .83rem; color: var(--soft) } .check { display: flex; gap: .4rem; align-items: center; padding: .55rem 0 } .check input { width: auto }
input, select, textarea { font: .9rem/1.6 ui-monospace, monospace; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .45rem; padding: .25rem .6rem; width: 100% }
input:not([type=checkbox]), select { height: 2.4rem }
input::placeholder, textarea::placeholder { color: var(--soft); opacity: 1 }
textarea { resize: vertical; word-break: break-all }
button { font: inherit; font-size: .92rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: .45rem; padding: .4rem .9rem; cursor: pointer }
button:hover { border-color: var(--soft) } button:disabled { opacity: .6; cursor: progress }
.primary { font-weight: 600; color: var(--on-accent); background: var(--accent); border-color: var(--accent); padding: .5rem 1.2rem } #decide { width: 100%; padding: .65rem }
button.danger { color: var(--deny) } button.primary.danger { color: var(--on-deny); background: var(--deny); border-color: var(--deny) }
:focus-visible { outline: .17rem solid var(--accent); outline-offset: .12rem }
/* A heading is given the focus so that reading goes on there: nothing is done with it. */
[tabindex="-1"]:focus { outline: none }
.verdict { border-radius: .5rem; padding: .7rem .95rem; font-weight: 600; overflow-wrap: anywhere }
.verdict.idle { color: var(--soft); background: var(--paper); font-weight: 400 } .verdict.allow { color: var(--allow); background: var(--allow-bg) } .verdict.deny { color: var(--deny); background: var(--deny-bg) } .verdict.wait { color: var(--wait); background: var(--wait-bg) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .9rem 0; font-size: .9rem } dl:empty { margin: 0 } dt { color: var(--soft) } dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
ol { list-style: none; margin: 0; padding: 0 }
li { display: grid; grid-template-columns: 1.4rem 6.6rem 1fr; gap: .2rem; padding: .45rem 0; border-top: 1px solid var(--line) }
li .sign { font-weight: 700 } li.ok .sign { color: var(--allow) } li.denied .sign, li.denied .name { color: var(--deny) } li.unavailable .sign { color: var(--wait) } li.skipped, li.note { color: var(--soft) }
li.denied { background: var(--deny-bg); margin: 0 -.6rem; padding: .5rem .6rem; border-radius: .4rem; border-top-color: transparent } li.hint { color: var(--ink); background: var(--wait-bg); margin: .4rem -.6rem 0; padding: .5rem .6rem; border-radius: .4rem; border: 0 } li.hint .sign { color: var(--wait) }
li .name { font-weight: 600; font-size: .92rem } li .said { font: .84rem/1.55 ui-monospace, monospace; overflow-wrap: anywhere; min-width: 0 } .fact { margin-right: 1rem } .fact i { font-style: normal; color: var(--soft) }
details { margin-top: 1rem } summary { cursor: pointer; color: var(--soft) }
pre { overflow: auto; font: .8rem/1.5 ui-monospace, monospace; background: var(--paper); border-radius: .5rem; padding: .9rem; max-height: 32rem; margin: .5rem 0 0 }
table { border-collapse: collapse; width: 100%; font-size: .88rem } th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; padding: .3rem .7rem .4rem 0; white-space: nowrap } td { border-top: 1px solid var(--line); padding: .42rem .7rem .42rem 0; font-family: ui-monospace, monospace; font-size: .84rem; vertical-align: top; overflow-wrap: break-word }
#matrix td .pill { white-space: nowrap } #matrix td:first-child { font-weight: 600 } #records td { white-space: nowrap; max-width: 15rem; overflow: hidden; text-overflow: ellipsis } #records tbody tr { cursor: pointer } #records tbody tr:hover td { background: var(--paper) } #records tr[aria-current] td { background: var(--wait-bg) }
ol + button { margin-top: .9rem } td button { font: 600 .82rem/1.4 ui-sans-serif, system-ui, sans-serif; padding: .2rem .7rem } td:first-child, td:last-child { white-space: nowrap } #who td:last-child, #what td:last-child { white-space: normal } #who-model-field { flex: 2 1 11rem } #who-kind-field { flex: 0 1 6rem } #who-agent-field { flex: 1 1 6rem } .sentence { display: block; font: .92rem/1.5 ui-sans-serif, system-ui, sans-serif } .sentence + .sentence { margin-top: .4rem } .sentence code { display: block; width: fit-content; max-width: 100%; margin: .3rem 0; padding: .25rem .6rem; border-radius: .35rem; background: var(--card); font: .84rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; user-select: all } td button.open { border: 0; background: none; padding: 0; font: inherit; color: inherit; text-align: left }
.pill { display: inline-block; border-radius: 1rem; padding: .02rem .6rem; font: 600 .78rem/1.6 ui-sans-serif, system-ui, sans-serif; white-space: nowrap } button.pill { border: 0; text-decoration: underline dotted; text-underline-offset: .2em } #why h3 { outline: none } .pill.allow { color: var(--allow); background: var(--allow-bg) } .pill.deny { color: var(--deny); background: var(--deny-bg) } .pill.wait { color: var(--wait); background: var(--wait-bg) }
h4 { margin: 1rem 0 .4rem; font-size: .9rem; font-weight: 650 } .finding { font: .84rem/1.5 ui-monospace, monospace; margin: .3rem 0; padding: .4rem .6rem; background: var(--wait-bg); color: var(--ink); border-radius: .4rem; overflow-wrap: anywhere }
.note { color: var(--soft); font-size: .86rem; margin: .7rem 0 0 } .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.tile b.allow { color: var(--allow) } .tile b.deny { color: var(--deny) } .tile b { display: block; font-size: 1.55rem; letter-spacing: -.02em; font-weight: 650 } .tile span { color: var(--soft); font-size: .85rem } .tile { margin: 0 }
.chart svg { display: block; width: 100%; height: 9rem } .chart rect.allow { fill: var(--allow) } .chart rect.deny { fill: var(--deny) } .chart text { fill: var(--soft); font: 11px ui-sans-serif, system-ui, sans-serif } .chart line { stroke: var(--line) } .chart polyline { fill: none; stroke-width: 2; stroke-linejoin: round } .chart .half { stroke: var(--accent); fill: var(--accent) } .chart polyline.half { fill: none } .chart .most { stroke: var(--wait); fill: var(--wait) } .chart polyline.most { fill: none }
.legend { display: flex; gap: 1.1rem; margin: .5rem 0 0; font-size: .82rem; color: var(--soft) } .legend span::before { content: ""; display: inline-block; width: .75rem; height: .75rem; border-radius: .2rem; margin-right: .4rem; vertical-align: -.05rem; background: var(--soft) } .legend .allow::before { background: var(--allow) } .legend .deny::before { background: var(--deny) } .legend .half::before { background: var(--accent) } .legend .most::before { background: var(--wait) }
.meter { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr 3rem; gap: .7rem; align-items: center; font-size: .85rem; padding: .2rem 0 } .meter svg { width: 100%; height: .6rem; display: block } .meter rect { fill: var(--deny) } .meter code { overflow-wrap: anywhere }
footer { display: flex; gap: 1.2rem; padding-bottom: 1.5rem; font-size: .86rem } footer a { color: var(--soft) }
@media (max-width: 60rem) { .columns, .columns.wide { grid-template-columns: minmax(0, 1fr) } #record { order: -1 } }
@media (max-width: 40rem) { td { overflow-wrap: anywhere } header { flex-direction: column; align-items: stretch; gap: 0; padding: 0 1rem } h1 { padding: .7rem 0 .2rem } nav a { padding: .55rem .7rem } main { padding: 1rem .8rem 0 } .card { padding: .9rem } li { grid-template-columns: 1.3rem 1fr } li .said { grid-column: 2 } .meter { grid-template-columns: 1fr 2.5rem } .meter svg { grid-column: 1 / -1; grid-row: 2 } #records td:nth-child(4), #records td:nth-child(6) { display: none } #tiles { grid-template-columns: 1fr 1fr } #tiles .card { padding: .8rem .9rem } .tile b { font-size: 1.3rem } }
/* A phone has no room for these columns: each row is told line by line, what can be done with it at its end. */
@media (max-width: 40rem) {
  :is(#records, #users, #teams, #agents) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) } #records tr { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: .15rem .8rem; padding: .55rem 0; border-top: 1px solid var(--line) } #records td { border: 0; padding: 0; max-width: none; white-space: normal } #records tr[aria-current] { background: var(--wait-bg) }
  :is(#users, #teams, #agents) tr { display: grid; grid-template-columns: 1fr auto; gap: .1rem .7rem; padding: .55rem 0; border-top: 1px solid var(--line) }
  :is(#users, #teams, #agents) td { border: 0; padding: 0; grid-column: 1 / -1 } :is(#users, #teams, #agents) td:first-child { grid-column: 1; font-weight: 600 } :is(#users, #teams, #agents) td:last-child { grid-column: 2; grid-row: 1 } :is(#users, #teams, #agents) td:empty { display: none }
  :is(#users, #teams, #agents) td::before { color: var(--soft); font: .8rem ui-sans-serif, system-ui, sans-serif; margin-right: .5rem }
  #users td:nth-child(3)::before { content: "Role" } #users td:nth-child(4)::before { content: "Teams" } #users td:nth-child(5)::before { content: "May call" } #teams td:nth-child(3)::before { content: "Organization" } #teams td:nth-child(4)::before { content: "May call" } #teams td:nth-child(5)::before { content: "Spend" } #agents td:nth-child(3)::before { content: "Tools" } #agents td:nth-child(4)::before { content: "Models" } #agents td:nth-child(5)::before { content: "Teams" } #agents td:nth-child(6)::before { content: "On its own" }
}
`
