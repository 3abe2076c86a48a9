import type { FentryTarget } from "../../../../../attach/targets/kernel/fentry.ts";
import { attachTyped } from "../../attach-typed.ts";
import type { Attach } from "../../attachment.ts";

/** The verifier was told of the function. */
export const attachFentry: Attach<FentryTarget> = async (request) => attachTyped(request, request.target.cookie);
