/** A plugin of TypeDoc's: modules have the names by which they are imported, and a handle (`@opaque`) is shown without what is in it. */
import { Converter, ReflectionKind } from "typedoc";

export function load({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module))
      module.name = module.name === "index" ? "ebpf-ts" : `ebpf-ts/${module.name}`;
    for (const { comment, children = [] } of project.getReflectionsByKind(ReflectionKind.ClassOrInterface))
      if (comment?.hasModifier("@opaque")) for (const member of children.slice()) project.removeReflection(member);
  });
}
