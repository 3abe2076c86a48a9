import { mapKind } from "../../../kinds/map-kinds.ts";
import { Errno } from "../../../uapi/errno.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";
import type { MachineMap } from "../machine/machine-map.ts";
import { scratchPart } from "../memory/cpu-memory.ts";
import type { Run } from "../machine/run.ts";
import { u32, type HelperGroup } from "./helper.ts";

/** A copy, so that no other thread changes a key while a map files it. */
function keyAt(run: Run, map: MachineMap, address: bigint): Uint8Array {
  return run.readable(address, map.image.keySize).slice();
}

function lookupOn(run: Run, handle: bigint, key: bigint, cpu: number): bigint {
  const map = run.map(handle);
  const address = map.lookup(run.readableAt(key, map.image.keySize), cpu);
  if (map.takeSteps !== undefined) run.work(map.takeSteps());
  run.handOut(address, map.image.valueSize);
  return BigInt(address);
}

/** What a change gives, once its search for the key is counted. */
function counted(run: Run, map: MachineMap, result: number): bigint {
  if (map.takeSteps !== undefined) run.work(map.takeSteps());
  return BigInt(result);
}

function mapWith(run: Run, handle: bigint, verb: "push" | "pop" | "peek"): MachineMap {
  const map = run.map(handle);
  if (map[verb] !== undefined) return map;
  return run.fault(`gave bpf_map_${verb}_elem the map ${map.image.name}, which has keys, or does not have that`);
}

function checkProgramsWrite(run: Run, { image }: MachineMap): void {
  if (image.readOnly || (image.flags & MapFlag.RDONLY_PROG) !== 0)
    run.fault(`changed the map ${image.name}, which programs may only read`);
}

export const mapHelpers: HelperGroup = {
  map_lookup_elem: (run, map, key) => lookupOn(run, map, key, run.cpu.index),

  map_lookup_percpu_elem(run, map, key, cpu) {
    if (!mapKind(run.map(map).image.type).perCpu)
      return run.fault("gave bpf_map_lookup_percpu_elem a map that is not per CPU");
    return u32(cpu) < run.host.cpus ? lookupOn(run, map, key, u32(cpu)) : 0n;
  },

  map_update_elem(run, handle, key, value, flags) {
    const map = run.map(handle);
    const bytes = run.readable(value, map.image.valueSize).slice();
    return counted(run, map, map.update(keyAt(run, map, key), bytes, Number(flags), run.cpu.index));
  },

  map_delete_elem(run, handle, key) {
    const map = run.map(handle);
    return counted(run, map, map.delete(keyAt(run, map, key)));
  },

  map_push_elem(run, handle, value, flags) {
    const map = mapWith(run, handle, "push");
    checkProgramsWrite(run, map);
    return counted(run, map, map.push!(run.readable(value, map.image.valueSize), Number(flags)));
  },

  map_pop_elem(run, handle, value) {
    const map = mapWith(run, handle, "pop");
    checkProgramsWrite(run, map);
    return BigInt(map.pop!(run.writable(value, map.image.valueSize)));
  },

  /** Of a Bloom filter it asks for the value that is there. */
  map_peek_elem(run, handle, value) {
    const map = run.map(handle);
    if (map.contains === undefined)
      return BigInt(mapWith(run, handle, "peek").peek!(run.writable(value, map.image.valueSize)));
    const isThere = map.contains(run.readable(value, map.image.valueSize));
    return counted(run, map, isThere ? 0 : -Errno.ENOENT);
  },

  for_each_map_elem(run, handle, callback, context, flags) {
    if (flags !== 0n) return BigInt(-Errno.EINVAL);
    const map = run.map(handle);
    if (map.entries === undefined)
      return run.fault(`gave bpf_for_each_map_elem the map ${map.image.name}, which has no entries`);
    if (map.image.keySize > scratchPart)
      return run.fault(`went through map ${map.image.name}, whose keys are too large for that`);
    let visited = 0n;
    for (const { key, value } of map.entries(run.cpu.index, (places) => run.work(places))) {
      run.handOut(value, map.image.valueSize);
      visited++;
      if (visit(run, handle, key, value, callback, context) !== 0n) break;
    }
    return visited;
  },
};

/** Shows the key in a scratch part of this frame's own, for as long as the callback runs. */
function visit(run: Run, map: bigint, key: Uint8Array, value: number, callback: bigint, context: bigint): bigint {
  const start = run.cpu.scratch.start + run.depth * scratchPart;
  run.memory.bytes.set(key, start);
  const slice = { start, end: start + key.length, writable: false };
  run.lend(slice);
  const result = run.callback(callback, map, BigInt(start), BigInt(value), context);
  run.takeBack(slice);
  return result;
}
