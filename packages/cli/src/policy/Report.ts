/** How the outcome of policy tests is printed: TAP 14, or JUnit's XML. */
import { explanationText } from "../explain/ExplanationText.ts"
import type { Outcome } from "./PolicyTest.ts"

/** The tests of one file. */
export interface Suite {
  readonly name: string
  readonly outcomes: ReadonlyArray<Outcome>
}

const indented = (text: string): string => text.split("\n").map((it) => `  # ${it}`).join("\n")

/** In the form of the Test Anything Protocol; a failed test has the steps of its decision. */
export const tap = (suites: ReadonlyArray<Suite>): string => {
  const all = suites.flatMap(({ name, outcomes }) =>
    outcomes.map((it) => ({ ...it, name: suites.length === 1 ? it.name : `${name}: ${it.name}` }))
  )
  return [
    "TAP version 14",
    `1..${all.length}`,
    ...all.flatMap(({ differences, explanation, name }, at) =>
      differences.length === 0
        ? [`ok ${at + 1} - ${name}`]
        : [`not ok ${at + 1} - ${name}`, ...differences.map(indented), indented(explanationText(explanation))]
    )
  ].join("\n")
}

const escaped = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

/** In the form that CI systems read. */
export const junit = (suites: ReadonlyArray<Suite>): string =>
  [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    "<testsuites>",
    ...suites.flatMap(({ name, outcomes }) => [
      `  <testsuite name="${escaped(name)}" tests="${outcomes.length}" failures="${
        outcomes.filter((it) => it.differences.length > 0).length
      }">`,
      ...outcomes.map(({ differences, explanation, name: test }) =>
        differences.length === 0
          ? `    <testcase name="${escaped(test)}"/>`
          : `    <testcase name="${escaped(test)}"><failure message="${escaped(differences.join("; "))}">${
            escaped(explanationText(explanation))
          }</failure></testcase>`
      ),
      "  </testsuite>"
    ]),
    "</testsuites>"
  ].join("\n")
