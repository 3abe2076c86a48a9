let allowed: boolean | undefined;

/** Whether code may be made from text: a browser's content security policy can forbid it. */
export function canGenerate(): boolean {
  allowed ??= tryToGenerate();
  return allowed;
}

function tryToGenerate(): boolean {
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false;
  }
}
