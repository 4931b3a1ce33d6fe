/** The command `jotgate`. */
export {}
