/** What the compiler's words mean for an eBPF program, and what to do: a sentence each, for mistakes that everybody makes once. */
export function hintsFor(diagnostics: string): string[] {
  return hints.flatMap(({ when, say }) => {
    const found = when.exec(diagnostics);
    return found === null ? [] : [say(found)];
  });
}

interface Hint {
  readonly when: RegExp;
  readonly say: (found: RegExpExecArray) => string;
}

const hints: readonly Hint[] = [
  {
    when: /error: unknown type name '_*[us](?:8|16|32|64)'/,
    say: () => "the kernel's types are missing: #include <vmlinux.h> before <bpf/bpf_helpers.h>",
  },
  {
    // A type of the source's own: of a header of the system the compiler gives a path.
    when: /^[^\n]*\.c:\d+:\d+: error: redefinition of '(\w+)'[^]*?\/vmlinux\.h:\d+:\d+: note: previous definition/m,
    say: ([, name]) => `vmlinux.h has all types of the kernel, and one is named ${name}: give yours another name`,
  },
  {
    when: /\.h:\d+:\d+: error: (?:redefinition of|typedef redefinition)[^]*?vmlinux\.h:\d+:\d+: note: previous definition/,
    say: () => "vmlinux.h has the types of linux/….h: include one of them",
  },
];
