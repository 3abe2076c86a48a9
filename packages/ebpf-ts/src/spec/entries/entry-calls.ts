import { HelperId } from "../../uapi/uapi.gen.ts";
import type { FunctionSpec } from "../types.ts";
import { helperCalls, mapCalls, type Helpers, type MapCall, type Signature } from "../records/record-calls.ts";

const key: Signature = { role: "key", map: 1, data: 2, size: 0 };
const keyOfSecond: Signature = { role: "key", map: 2, data: 3, size: 0 };
const taken: Signature = { role: "value", map: 1, data: 0, size: 0 };
const given: Signature = { role: "value", map: 1, data: 2, size: 0 };
const givenThird: Signature = { role: "value", map: 1, data: 3, size: 0 };

/** All helpers that are given a key or a value of a map, or return where a value is. */
const entryHelpers: Helpers = new Map([
  [HelperId.map_lookup_elem, [key, taken]],
  [HelperId.map_lookup_percpu_elem, [key, taken]],
  [HelperId.map_update_elem, [key, givenThird]],
  [HelperId.map_delete_elem, [key]],
  [HelperId.map_push_elem, [given]],
  [HelperId.map_pop_elem, [given]],
  [HelperId.map_peek_elem, [given]],
  [HelperId.get_local_storage, [taken]],
  [HelperId.sk_storage_get, [taken]],
  [HelperId.inode_storage_get, [taken]],
  [HelperId.task_storage_get, [taken]],
  [HelperId.cgrp_storage_get, [taken]],
  [HelperId.sock_hash_update, [keyOfSecond]],
  [HelperId.sk_redirect_hash, [keyOfSecond]],
  [HelperId.msg_redirect_hash, [keyOfSecond]],
  [HelperId.sk_select_reuseport, [keyOfSecond]],
]);

/** Every call in the function that passes a key or a value, or is given a value. */
export function entryCalls(fn: FunctionSpec): MapCall[] {
  return mapCalls(fn, entryHelpers);
}

/** Whether there are such calls, and none of them could be followed: the code is too much, or never reached. */
export function isObscure(fn: FunctionSpec, calls: readonly MapCall[]): boolean {
  return calls.length === 0 && helperCalls(fn, entryHelpers).length > 0;
}
