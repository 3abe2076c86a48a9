/** Stripped objects are told from those that nothing can be known of. */
export const noDebug = "the object has no debug information that could (clang -g, not stripped)";
