import type { NetnsTarget } from "../../../../../attach/targets/net/netns.ts";
import { EbpfError } from "../../../../../base/errors.ts";
import { fileSystemOf, openNamed } from "../../../../../host/named-files.ts";
import { closeFile } from "../../../../../host/open-files.ts";
import { refusal } from "../../../../../host/refusal.ts";
import { Descriptor } from "../../../../../sys/ffi/descriptor.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach } from "../../attachment.ts";
import { createLink } from "../../create-link.ts";

/** NSFS_MAGIC */
const namespaceFiles = 0x6e736673;

export const attachNetns: Attach<NetnsTarget> = async (request) => {
  const { spec, target, action } = request;
  const namespace = openNamespace(target.path, action);
  try {
    const { SK_LOOKUP, FLOW_DISSECTOR } = AttachType;
    const attachType = spec.attachType ?? FLOW_DISSECTOR;
    const link = createLink(
      request,
      { target: namespace.fd, attachType },
      {
        what: "links of network namespaces",
        since: attachType === SK_LOOKUP ? "5.9" : "5.8",
        ofNetworks: true,
        meanings: {
          [Errno.EEXIST]: `${target.path} has a program of that kind already, or all namespaces have one`,
          [Errno.EINVAL]: `${target.path} is no network namespace`,
          [Errno.E2BIG]: `${target.path} has as many programs of that kind as it can have`,
        },
      },
    );
    return { parts: [{ link }] };
  } finally {
    namespace.close();
  }
};

function openNamespace(path: string, action: string): Descriptor {
  try {
    if (fileSystemOf(path) === namespaceFiles)
      return new Descriptor(openNamed(path, "read"), `the namespace ${path}`, closeFile);
  } catch (cause) {
    throw refusal(cause, action, (code) => {
      const why = code === "ENOENT" ? `there is no ${path}` : `${path} cannot be opened (${code})`;
      return new EbpfError(code === "EACCES" ? "NO_PRIVILEGE" : "NOT_FOUND", `Cannot ${action}: ${why}`, { cause });
    });
  }
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot ${action}: ${path} is no namespace, as /proc/PID/ns/net and /run/netns/NAME are`,
  );
}
