/** The module that `module:function` names; undefined where it is the kernel itself. */
export function moduleIn(functions: string): string | undefined {
  const colon = functions.indexOf(":");
  const module = colon < 0 ? "vmlinux" : functions.slice(0, colon);
  return module === "vmlinux" ? undefined : module;
}
