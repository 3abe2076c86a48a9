/** What one test of a file came to. */
export interface TestResult {
  /** Of the test and what it is in, `kernel: memory > is mapped`, as far as the runtime tells. */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** Why it failed, or was skipped: a line. */
  readonly why: string;
}

const testcase = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** Reads JUnit's XML, as Node, Bun and Deno write it. */
export function readReport(xml: string): TestResult[] {
  const all = [...xml.matchAll(testcase)].map(([, attributes = "", body = ""]) => resultOf(attributes, body));
  // Deno lists a suite beside what is in it.
  return all.filter(({ name }) => !all.some((other) => other.name.startsWith(`${name} > `)));
}

function resultOf(attributes: string, body: string): TestResult {
  const suite = attribute(attributes, "classname");
  const own = attribute(attributes, "name");
  const named =
    suite === "test" || suite === "" || suite.includes("/") || suite.includes(".ts") ? own : `${suite} > ${own}`;
  const failed = /<(?:failure|error)\b/.test(body);
  const state = failed ? "failed" : /<skipped\b/.test(body) || /<skipped\b/.test(attributes) ? "skipped" : "passed";
  return {
    name: named,
    state,
    why: attribute(/<(?:failure|error|skipped)\b([^>]*)/.exec(body)?.[1] ?? "", "message").split("\n")[0]!,
  };
}

function attribute(text: string, name: string): string {
  return unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "");
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&", "#10": "\n" };

function unescape(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp|#10);/g, (_, name: string) => entities[name]!);
}
