/**
 * Errors without a stack.
 *
 * A denial and a missing row are expected outcomes: where in the program they were made says nothing, and capturing it
 * costs ten times what making them does. They are errors all the same, so that they can be yielded and are what a
 * promise is expected to be rejected with.
 */

/** What `make` makes, with no stack captured meanwhile; a runtime that does not let the limit be set captures one. */
export const stackless = <A>(make: () => A): A => {
  const limit = Error.stackTraceLimit
  Reflect.set(Error, "stackTraceLimit", 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit)
  }
}
