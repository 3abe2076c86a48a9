/** Operations of the kernel (struct_ops) that no link keeps in use: they stay, also beyond this process, until it takes them out of their map. */
export interface LastingOperations {
  /** The name of their map, for errors. */
  readonly map: string;
  /** Whether taking them out needs the capabilities that loading took. */
  readonly privileged: boolean;
}

const lasting = new Set<LastingOperations>();

/** To be called when they are attached; gives what is to be called when they have ended. */
export function operationsLast(operations: LastingOperations): () => void {
  lasting.add(operations);
  return () => lasting.delete(operations);
}

/** Of all collections of this thread. */
export function lastingOperations(): readonly LastingOperations[] {
  return [...lasting];
}
