import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PageReport } from "./report.ts";

/** By path. */
export type PageFiles = Readonly<Record<string, string | Uint8Array>>;

const page = `<!doctype html><meta charset="utf-8"><title>ebpf-ts</title>
<script>
  const fail = (message) => fetch("/report", { method: "POST", body: JSON.stringify({ page: { error: { name: "Error", message } } }) });
  addEventListener("error", ({ message }) => fail(String(message)), true);
  addEventListener("unhandledrejection", ({ reason }) => fail(String(reason)));
</script>
<script type="module" src="/page.js"></script>`;

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface PageServer {
  readonly url: string;
  /** What the page sends. */
  readonly report: Promise<PageReport>;
  close(): void;
}

/** Serves a page that runs `/page.js`, on 127.0.0.1; cross-origin isolated or not. */
export async function servePage(files: PageFiles, isolated: boolean): Promise<PageServer> {
  const { promise: report, resolve } = withResolver<PageReport>();
  const server = createServer((request, response) => {
    if (request.method === "POST") return void readReport(request, response, resolve);
    const file = request.url === "/" ? page : files[request.url ?? ""];
    const type = contentType(request.url ?? "");
    response.writeHead(file === undefined ? 404 : 200, { "Content-Type": type, ...(isolated ? isolation : {}) });
    response.end(file);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    report,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function contentType(path: string): string {
  if (path === "/") return "text/html";
  return path.endsWith(".js") ? "text/javascript" : "application/octet-stream";
}

async function readReport(
  request: IncomingMessage,
  response: ServerResponse,
  onReport: (report: PageReport) => void,
): Promise<void> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  response.end();
  onReport(JSON.parse(text) as PageReport);
}

function withResolver<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
