// `npm ci` on a Node that is too old says so once, in a line. Plain JavaScript: it is that Node which runs it.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `jotgate needs Node 22.19 or newer; this is ${process.versions.node}. ` +
      "The scripts of this workspace run its own (node_modules/.bin/node)."
  )
}
