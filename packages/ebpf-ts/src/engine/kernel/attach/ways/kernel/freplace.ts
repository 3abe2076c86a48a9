import type { FreplaceTarget } from "../../../../../attach/targets/kernel/freplace.ts";
import { attachTyped } from "../../attach-typed.ts";
import type { Attach } from "../../attachment.ts";

/** The verifier was told of the program and its function. */
export const attachFreplace: Attach<FreplaceTarget> = async (request) => attachTyped(request, request.target.cookie);
