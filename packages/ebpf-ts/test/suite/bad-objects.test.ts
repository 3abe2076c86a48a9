import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EbpfError, NotSupportedError, VerifierError } from "../../src/base/errors.ts";
import type { CollectionSpec, ProgramSpec } from "../../src/spec/types.ts";
import { ProgType } from "../../src/uapi/uapi.gen.ts";
import { fixture, onEachEngine, onKernel } from "./fixture.ts";

/** Loads just that program of an object whose programs are all left out by default. */
function only(program: string): (spec: CollectionSpec) => void {
  return (spec) => {
    for (const each of spec.programs) each.autoload = each.name === program;
  };
}

/** One line, no stack, and the words that tell what to do. */
function checkRefusal(error: unknown, words: readonly RegExp[]): true {
  assert.ok(error instanceof EbpfError, String(error));
  assert.doesNotMatch(error.message, /\n|\.$/);
  for (const word of words) assert.match(error.message, word);
  return true;
}

const refused = [
  { object: "big-endian", says: [/big-endian/, /-target bpfel/] },
  { object: "no-btf", says: [/BTF/, /clang -g/] },
  { object: "legacy-map", says: [/"maps"/, /\.maps/] },
  { object: "unknown-section", says: [/teapot\/short_and_stout/, /tracepoint/] },
  { object: "missing-map", says: [/uses_missing/, /\bmissing\b/, /define it/] },
  { object: "missing-function", says: [/calls_missing/, /\bmissing\b/] },
  { object: "unknown-helper", says: [/calls_unknown/, /9999/, /unknown-helper\.bpf\.c:13/] },
  { object: "gpl-only-helper", says: [/gpl_only/, /bpf_probe_read_kernel/, /GPL-compatible/, /Proprietary/] },
  { object: "no-license", says: [/gpl_only/, /bpf_probe_read_kernel/, /GPL-compatible/, /SEC\("license"\) = "GPL"/] },
  { object: "unknown-map-type", says: [/strange/, /9999/] },
  { object: "bad-map-sizes", says: [/\barray\b/, /key/] },
  { object: "core-missing-field", says: [/enter_kill/, /CO-RE/, /core-missing-field\.bpf\.c:15/] },
];

onEachEngine("objects that are refused", (engine) => {
  for (const { object, says } of refused) {
    it(object, async () => {
      await assert.rejects(fixture(engine, `bad/${object}`), (error) => checkRefusal(error, says));
    });
  }

  const externs = [
    { program: "calls_kernel_function", says: [/ebpf_ts_no_function/, /ebpf_ts_no_other/] },
    { program: "reads_kernel_variable", says: [/ebpf_ts_no_variable/] },
    { program: "uses_kernel_symbol", says: [/ebpf_ts_no_symbol/] },
    { program: "reads_build_setting", says: [/CONFIG_EBPF_TS_NONE/, /__weak/, /option kconfig/] },
    { program: "reads_version", says: [/LINUX_EBPF_TS_NONE/, /__weak/] },
    { program: "reads_struct", says: [/CONFIG_BPF, and its C type struct .* is none of a setting/] },
    { program: "reads_boolean", says: [/CONFIG_HZ, and it is \d+, for which its type must be an integer/] },
  ];
  for (const { program, says } of externs) {
    it(`an extern of the kernel: ${program}`, async () => {
      await assert.rejects(fixture(engine, "bad/kernel-symbols", only(program)), (error) => {
        assert.equal((error as EbpfError).code, "NOT_SUPPORTED");
        return checkRefusal(error, [new RegExp(`Cannot load program ${program}: `), ...says]);
      });
    });
  }

  describe("programs of no known kind", () => {
    const set =
      (edit: (program: ProgramSpec) => void): ((spec: CollectionSpec) => void) =>
      (spec) => {
        // The embedded engine has no sockets.
        spec.maps = [];
        for (const each of spec.programs) if (each.name === "unknown") edit(each);
      };

    it("hinder no other", async () => {
      const left = set((program) => (program.autoload = false));
      await using loaded = await fixture(engine, "spec-kinds", left);
      assert.equal((await loaded.bpf.program("plain").run({})).returnValue, 4);
      assert.throws(() => loaded.bpf.program("later"), { code: "NOT_FOUND" });
    });

    it("are refused by name when they are to be loaded", async () => {
      await assert.rejects(
        fixture(
          engine,
          "spec-kinds",
          set(() => {}),
        ),
        (error) => {
          assert.equal((error as EbpfError).code, "BAD_OBJECT");
          assert.doesNotMatch((error as EbpfError).message, /later|plain/);
          return checkRefusal(error, [
            /^Cannot load program unknown: Section newthing\/y holds a program of no known kind/,
          ]);
        },
      );
    });

    it("can be told what they are", async () => {
      const told = set((program) => Object.assign(program, { type: ProgType.SYSCALL, sleepable: true }));
      await using loaded = await fixture(engine, "spec-kinds", told);
      assert.equal((await loaded.bpf.program("unknown").run({})).returnValue, 2);
    });
  });

  it("everything that is missing is named at once", async () => {
    const all = (spec: CollectionSpec): void => {
      for (const each of spec.programs) each.autoload = true;
    };
    await assert.rejects(fixture(engine, "bad/kernel-symbols", all), (error) => {
      assert.ok(error instanceof NotSupportedError);
      assert.match(error.message, /^Cannot load the object, for 8 reasons: /);
      assert.match(error.feature, /^ebpf_ts_no_function, ebpf_ts_no_other, ebpf_ts_no_variable, .*, CONFIG_HZ$/);
      return checkRefusal(error, [/calls_kernel_function/, /reads_kernel_variable/, /reads_build_setting/]);
    });
  });

  it("a tracepoint that does not exist", async () => {
    await using loaded = await fixture(engine, "bad/missing-tracepoint");
    await assert.rejects(loaded.bpf.attach(), (error) => checkRefusal(error, [/teapot|tracefs/]));
  });
});

it("what the embedded engine lacks of helpers and kinds is told in one error, but no map that nothing refers to", async () => {
  const all = (spec: CollectionSpec): void => {
    for (const each of spec.programs) each.autoload = each.name !== "later";
  };
  await assert.rejects(fixture("embedded", "spec-kinds", all), (error) => {
    assert.doesNotMatch((error as Error).message, /XSKMAP/i);
    return checkRefusal(error, [
      /for 4 reasons: /,
      /program unknown: Section newthing\/y/,
      /program lacking: .* no helper bpf_get_current_cgroup_id/,
      /program lacking: .* no helper bpf_get_current_task\b/,
      /program lacking_too: .* no helper bpf_get_current_ancestor_cgroup_id/,
    ]);
  });
});

onKernel("the verifier's refusals", () => {
  const callbacks = [
    "read_before",
    "read_behind",
    "write_into",
    "write_behind",
    "read_past_slice",
    "null_context",
    "write_null_context",
    "submit",
    "discard",
    "return_two",
    "initialise_from_memory",
    "initialise_from_ring",
  ];
  const programs = [
    "stack_out_of_bounds",
    "stack_too_deep",
    "infinite_loop",
    "unchecked_lookup",
    "value_out_of_bounds",
    "leaked_record",
    "uninitialised_register",
    "number_as_pointer",
  ];
  const cases = [
    ...callbacks.map((program) => ({ object: "user-ring-callbacks", program })),
    ...programs.map((program) => ({ object: "verifier", program })),
  ];
  for (const { object, program } of cases) {
    it(`${object}: ${program}`, async () => {
      await assert.rejects(fixture("kernel", `bad/${object}`, only(program)), (error) => {
        assert.ok(error instanceof VerifierError, String(error));
        assert.equal(error.program, program);
        assert.match(error.message, new RegExp(`^Cannot load program ${program}: `));
        assert.ok(error.log.length > error.message.length / 2, "the whole log is on the error");
        return true;
      });
    });
  }
});
