/**
 * Checks that a host gives to the gate, and the pipelines that take them.
 *
 * A layer can stand where nothing asks for it: beside a gate instead of below it, below a part of the host, a second time.
 * A check that can only take rights away must not be lost by that (it would fail open). So each one that is given is
 * listed under its graph of layers while it lives, and a pipeline asks, besides the one that it was provided with, all of
 * its graph that no pipeline has taken. A graph with a memory of layers of its own (`Effect.provide(…, { local: true })`)
 * that is built for a program which has a pipeline already belongs to that pipeline's graph, too.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"

/** What was given: a check, or the statement that there is none. Only this module makes one. */
export class Given<out Check> {
  readonly #check: Check | undefined

  constructor(check: Check | undefined) {
    this.#check = check
  }

  /** The check; `undefined` where there is none. */
  get check(): Check | undefined {
    return this.#check
  }
}

/** The checks that a pipeline asks, as they are now. */
export type Checks<Check> = () => ReadonlyArray<Check>

/** The checks of one graph of layers that no pipeline has taken. */
interface Graph<Check> {
  untaken: ReadonlyArray<Given<Check>>
}

const parentOf = (map: object): object | undefined =>
  Predicate.hasProperty(map, "parent") && Predicate.isObject(map.parent) ? map.parent : undefined

/** Where no graph of layers is being built. */
const elsewhere = {}

/** The outermost graph of layers that is being built: what is built inside it, fresh or forked, belongs to it. */
const outermost: Effect.Effect<object> = Effect.map(Effect.serviceOption(Layer.CurrentMemoMap), (found) => {
  let map: object = Option.getOrElse(found, () => elsewhere)
  for (let next = parentOf(map); next !== undefined; next = parentOf(map)) map = next
  return map
})

/** The graphs around what is built, as far as a pipeline stands in them. */
const Around = Context.Reference<ReadonlyArray<object>>("@jotgate/core/GraphsAround", { defaultValue: () => [] })

/** The graphs that what is built belongs to: its own, and those of the pipelines that it can reach. */
const graphs: Effect.Effect<ReadonlyArray<object>> = Effect.zipWith(
  Around,
  outermost,
  (around, own) => around.includes(own) ? around : [...around, own]
)

/** Beside a pipeline: tells what is built for whoever uses it which graph that is. */
export const layerAround: Layer.Layer<never> = Layer.effect(Around, graphs)

const nothing: ReadonlyArray<never> = []

/** One kind of check, with all of it that was given. */
export class Offers<Check> {
  readonly #graphs = new WeakMap<object, Graph<Check>>()
  /** Where each check is listed that no pipeline has taken. */
  readonly #listed = new WeakMap<Given<Check>, ReadonlyArray<Graph<Check>>>()

  /** Says that there is no check. */
  readonly none: Given<Check> = new Given<Check>(undefined)

  #graph(root: object): Graph<Check> {
    const known = this.#graphs.get(root)
    if (known !== undefined) return known
    const graph = { untaken: nothing }
    this.#graphs.set(root, graph)
    return graph
  }

  /** Gives a check to whichever pipeline takes it, and to every one of the graph until one does; for as long as the scope. */
  give(check: Check): Effect.Effect<Given<Check>, never, Scope.Scope> {
    return Effect.flatMap(graphs, (roots) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const given = new Given(check)
          const all = roots.map((it) => this.#graph(it))
          for (const graph of all) graph.untaken = [...graph.untaken, given]
          this.#listed.set(given, all)
          return given
        }),
        (given) => Effect.sync(() => this.#take(given))
      ))
  }

  #take(given: Given<Check>): void {
    for (const graph of this.#listed.get(given) ?? nothing) {
      graph.untaken = graph.untaken.filter((it) => it !== given)
    }
    this.#listed.delete(given)
  }

  /** Takes what a pipeline was provided with; `own` is a check that it was made with. */
  take(given: Given<Check>, own: Check | undefined): Effect.Effect<Checks<Check>> {
    return Effect.map(outermost, (root) => {
      const graph = this.#graph(root)
      this.#take(given)
      const sure = [given.check, own].filter((it) => it !== undefined)
      let untaken: Graph<Check>["untaken"] = nothing
      let all: ReadonlyArray<Check> = sure
      return () => {
        if (untaken !== graph.untaken) {
          untaken = graph.untaken
          all = [...sure, ...untaken.map((it) => it.check).filter((it) => it !== undefined)]
        }
        return all
      }
    })
  }
}
