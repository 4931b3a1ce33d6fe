// `npm ci` on a Node that is too old says so once, in a line. Plain JavaScript for any Node: by now the workspace has one of
// its own, so the one that npm runs on is told by npm.
const version = /node\/v(\S+)/.exec(process.env.npm_config_user_agent || "")
const running = version ? version[1] : process.versions.node
const [major = 0, minor = 0] = running.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `jotgate needs Node 22.19 or newer; this is ${running}, and npm may have left out what needs a newer one. ` +
      "With it: npx --yes --package node@24 -- npm ci"
  )
}
