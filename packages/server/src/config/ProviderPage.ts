/** The page of one identity provider: what to write, a token, the traps; made from its preset. */
import { stringify } from "yaml"
import type { Preset } from "./presets/Preset.ts"

/** A token and the file that takes it. */
export interface Way {
  /** The issuer's block as a file writes it. */
  readonly file: string
  readonly header: unknown
  readonly claims: unknown
  /** How a request with this token comes out. */
  readonly line: string
}

/** A token of the provider with the file that takes it, as the tests try them. */
export interface Example extends Way {
  /** The block with the preset filled. */
  readonly block: unknown
  /** Its other ways, by what they are called. */
  readonly others: ReadonlyArray<readonly [title: string, way: Way]>
  /** How it was tried on the provider itself; `undefined`: it was not. */
  readonly tried: string | undefined
  /** What is tried beside it and refused, or comes out as somebody else. */
  readonly twins: ReadonlyArray<readonly [what: string, line: string]>
}

const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``

const blockOf = (file: string): string => fenced("yaml", `issuers:\n  - ${file}`)

const tokenOf = ({ claims, header, line }: Way): ReadonlyArray<string> => [
  fenced("json", JSON.stringify(header)),
  fenced("json", JSON.stringify(claims, null, 2)),
  `It comes out as \`${line}\` (with \`directory.users.unknown: allow\` and the team in the directory).`
]

const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

/** The text of `docs/providers/NAME.md`. */
export const page = (
  { name, parameters, title, traps }: Preset,
  { tried, twins, ...example }: Example
) =>
  [
    `# ${title}`,
    "Made from the preset and its tests; `jotgate check --expand FILE` prints the filled block.",
    blockOf(example.file),
    [
      "| setting | |",
      "|---|---|",
      ...Object.entries(parameters).map(([key, it]) =>
        `| \`${key}\`${it.required ? "" : " (may be left out)"} | ${it.description} |`
      ),
      "| `audience` | for whom the tokens are |"
    ].join("\n"),
    "Everything that an issuer's block can say can be said beside it and counts more. Filled, it is:",
    fenced("yaml", stringify({ issuers: [example.block] }, { lineWidth: 0 })),
    "## A token",
    ...tokenOf(example),
    ...example.others.flatMap(([called, way]) => [`## ${capitalized(called)}`, blockOf(way.file), ...tokenOf(way)]),
    "## Traps",
    traps.map((it) => `- ${it}`).join("\n"),
    "## How it was tried",
    ...(tried === undefined ? [] : [tried]),
    `The shape above, signed by a key of the tests (preset \`${name}\`), through the whole decision${
      tried === undefined ? "; not against the live service" : ""
    }. Beside it:`,
    ["| what | answer |", "|---|---|", ...twins.map(([what, answer]) => `| ${what} | \`${answer}\` |`)].join("\n"),
    "And for every provider: another's key, another algorithm, `none`, the public key as a shared secret, the issuer with other " +
    "capitals, with a slash more or less, with a port or in a list, other audiences, no end, an end that is no time or has " +
    "passed, times in the future: all refused. An address counts only as the rules above say."
  ].join("\n\n") + "\n"

/** The text of `docs/providers/README.md`. */
export const index = (presets: ReadonlyArray<Preset>): string =>
  [
    "# Identity providers",
    "A preset fills the block of an issuer: `issuers: [{ preset: entra, tenant: …, audience: … }]`. `jotgate check --expand FILE` prints the " +
    "filled file, and `jotgate explain --token TOKEN -c FILE` says whom a token stands for. With several issuers give each " +
    "`identities: { namespace: … }`.",
    presets.map((it) => `- [${it.title}](${it.name}.md): \`preset: ${it.name}\``).join("\n"),
    "Any other provider needs no preset: `{ id: …, issuer: …, audience: … }` finds its keys by discovery (the tests run the npm package " +
    "`oidc-provider` so). Each page says how its provider was tried: dex runs in the tests, Keycloak by hand, the rest are shapes from what the " +
    "providers publish.",
    "**AWS ALB**: there is no preset, and there cannot be one for `x-amzn-oidc-data`: that token is padded base64, which is no JWT (RFC 7515 " +
    "section 2; refused before anything is parsed), and its keys are single PEM files at a regional address for each `kid`, no key set. The " +
    "balancer also sends the provider's own access token in `x-amzn-oidc-accesstoken`: take that one, with the provider's preset and " +
    "`gateway.credentials: [x-amzn-oidc-accesstoken]`. Where that provider is Entra, the balancer must ask for a scope of your own application: " +
    "without one the token is for Microsoft Graph, and nobody else can verify it.",
    "**Several tenants of Entra**: `tenant: [A, B]` or `any` makes a template of the issuer; a person is then told apart by tenant " +
    "(`TENANT|OID`), and `jwks` is the common key set."
  ].join("\n\n") + "\n"
