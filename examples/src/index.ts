/** Programs that use the published surface of jotgate. */
export {}
