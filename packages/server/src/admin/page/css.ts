/** The style of the page: system fonts, light and dark, no asset from elsewhere. */
export const css = `
:root { --paper: #f6f6f3; --card: #fff; --ink: #1c1d21; --soft: #5d6068; --line: #dcdcd5; --accent: #2f5bd8; --allow: #14703f; --allow-bg: #e3f4e9; --deny: #a3231f; --deny-bg: #fbe7e5; --wait: #8a5a00; --wait-bg: #fdf1d8 }
@media (prefers-color-scheme: dark) { :root { --paper: #15161a; --card: #1e2026; --ink: #ececef; --soft: #a4a7b1; --line: #34373f; --accent: #8aa8ff; --allow: #74d99f; --allow-bg: #143223; --deny: #ff9d97; --deny-bg: #3d1b1a; --wait: #f3c66b; --wait-bg: #3a2c10 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 ui-sans-serif, system-ui, sans-serif }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem }
header { padding-top: 2rem }
h1 { margin: 0; font-size: 1.6rem; letter-spacing: -.02em; display: flex; align-items: center; gap: .6rem }
header p { margin: .2rem 0 0; color: var(--soft) }
.mark { width: 1.1rem; height: 1.3rem; border: .22rem solid var(--accent); border-bottom: 0; border-radius: .6rem .6rem 0 0 }
main { display: grid; grid-template-columns: minmax(18rem, 2fr) 3fr; gap: 1.5rem; padding-top: 1.5rem; align-items: start }
@media (max-width: 52rem) { main { grid-template-columns: 1fr } }
form, section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1.25rem 1.5rem 1.5rem }
h2 { margin: 0 0 1rem; font-size: 1rem; font-weight: 650 }
.field { display: flex; flex-direction: column; gap: .3rem; margin-bottom: .9rem; flex: 1; min-width: 0 }
.field[hidden] { display: none }
.row { display: flex; gap: .9rem }
.narrow { flex: 0 0 6.5rem }
label { font-size: .85rem; color: var(--soft) }
input, select, textarea { font: .92rem/1.4 ui-monospace, monospace; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .45rem; padding: .5rem .6rem; width: 100% }
textarea { resize: vertical; word-break: break-all }
button { font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: .5rem; padding: .8rem 1.4rem; cursor: pointer; width: 100% }
button:hover { filter: brightness(1.08) } button:disabled { opacity: .6; cursor: progress }
:focus-visible { outline: .18rem solid var(--accent); outline-offset: .12rem }
.verdict { border-radius: .5rem; padding: .8rem 1rem; font-weight: 600; overflow-wrap: anywhere }
.verdict.idle { color: var(--soft); background: var(--paper); font-weight: 400 }
.verdict.allow { color: var(--allow); background: var(--allow-bg) }
.verdict.deny { color: var(--deny); background: var(--deny-bg) }
.verdict.wait { color: var(--wait); background: var(--wait-bg) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1rem 0; font-size: .92rem }
dl:empty { margin: 0 } dt { color: var(--soft) } dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
ol { list-style: none; margin: 0; padding: 0 }
li { display: grid; grid-template-columns: 1.6rem 7.5rem 1fr; gap: .2rem; padding: .5rem 0; border-top: 1px solid var(--line) }
li .sign { font-weight: 700 } li.ok .sign { color: var(--allow) } li.denied .sign { color: var(--deny) } li.unavailable .sign { color: var(--wait) } li.skipped, li.note { color: var(--soft) }
li .name { font-weight: 600 } li .said { font: .86rem/1.55 ui-monospace, monospace; overflow-wrap: anywhere } .fact { margin-right: 1.1rem } .fact i { font-style: normal; color: var(--soft) }
details { margin-top: 1rem } summary { cursor: pointer; color: var(--soft) }
pre { overflow: auto; font: .82rem/1.5 ui-monospace, monospace; background: var(--paper); border-radius: .5rem; padding: 1rem; max-height: 24rem }
footer { display: flex; gap: 1.2rem; padding: 1.5rem; font-size: .88rem } footer a { color: var(--soft) }
`
