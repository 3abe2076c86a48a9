import { EbpfError } from "../base/errors.ts";
import { payloadLength } from "./record.ts";

export function closedError(name: string): EbpfError {
  return new EbpfError("CLOSED", `Cannot read ring ${name}: it is closed`);
}

export function drainingError(name: string): EbpfError {
  return new EbpfError("BUSY", `Cannot read ring ${name}: it is being drained, and this is that drain's callback`);
}

export function brokenError(name: string, fault: string): EbpfError {
  return new EbpfError("BAD_RING", `Cannot read ring ${name}: ${fault}; its producer is broken, make the ring anew`);
}

/** What is wrong about a header at `position` with `left` bytes produced from there on. */
export function lengthFault(header: number, position: bigint, left: number): string {
  return `the record at position ${position} claims ${payloadLength(header)} bytes, but with its header only ${left} bytes were produced from there`;
}
