import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../src/engine/embedded/machine/clock.ts";
import type { Machine, Task } from "../../src/engine/embedded/machine/contracts.ts";
import { ProgramFault } from "../../src/base/errors.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  dataMap,
  exit,
  fetch64,
  load64,
  loadFunction,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  result,
  runWith,
  store64,
  task,
  u64,
  valueOf,
  type Code,
  type TestOptions,
} from "./test-machine.ts";

const encoder = new TextEncoder();
const [EFAULT, EINVAL, E2BIG, ERANGE, ENOENT] = [u64(-14n), u64(-22n), u64(-7n), u64(-34n), u64(-2n)];

/** A machine whose data map is `data`, and a program that gets its address. */
function withData(
  data: string | Uint8Array,
  size: number,
  code: (address: bigint) => readonly Code[],
  options: TestOptions = {},
): Machine {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const maps = [dataMap("data", size), ...(options.maps ?? [])];
  const machine = machineOf((images) => [code(BigInt(images[0]!.address))], { ...options, maps });
  valueOf(machine, 0).set(bytes);
  return machine;
}

function text(bytes: Uint8Array): string {
  const copy = bytes.slice();
  const end = copy.indexOf(0);
  return new TextDecoder().decode(copy.subarray(0, end < 0 ? copy.length : end));
}

describe("bpf_snprintf", () => {
  /** The format stands at 0, arguments at 1024, the result at 2048. */
  function print(
    format: string,
    values: readonly bigint[],
    size = 256,
    task_: Task = task,
  ): { returned: bigint; text: string } {
    const machine = withData(`${format}\0`, 4096, (data) => [
      load64(1, data + 2048n),
      movImm(2, size),
      load64(3, data),
      load64(4, values.length === 0 ? 0n : data + 1024n),
      movImm(5, 8 * values.length),
      call("snprintf"),
      exit,
    ]);
    const bytes = valueOf(machine, 0);
    bytes.set(new Uint8Array(new BigUint64Array(values.map((value) => BigInt.asUintN(64, value))).buffer), 1024);
    bytes.set(encoder.encode("from memory\0"), 3072);
    const returned = runWith(machine, {}, task_).returnValue;
    return { returned, text: text(bytes.subarray(2048, 3072)) };
  }

  const cases: [string, bigint[], string][] = [
    ["plain", [], "plain"],
    ["100%%", [], "100%"],
    ["%d %i", [-5n, 7n], "-5 7"],
    ["%d", [0x1_ffff_ffffn], "-1"],
    ["%u", [-1n], "4294967295"],
    ["%ld %lld", [-5n, -6n], "-5 -6"],
    ["%lu %llu", [-1n, 1n], "18446744073709551615 1"],
    ["%x %X %lx %llX", [0xabcn, 0xdefn, -1n, 0xfeedn], "abc DEF ffffffffffffffff FEED"],
    ["%5d|%-5d|%05d", [42n, 42n, 42n], "   42|42   |00042"],
    ["%+d|% d|%05d", [42n, 42n, -42n], "+42| 42|-0042"],
    ["%08x", [0xbeefn], "0000beef"],
    ["%c%c", [72n, 105n], "Hi"],
    ["%p %px", [0x1234n, 0x1234n], "0000000000001234 0000000000001234"],
    ["%d%%", [50n], "50%"],
  ];
  for (const [format, values, wanted] of cases) {
    it(JSON.stringify(format), () =>
      assert.deepEqual(print(format, values), { returned: BigInt(wanted.length + 1), text: wanted }),
    );
  }

  it("strings and addresses that it reads, of the kernel's memory and the task's", () => {
    const reader: Task = {
      ...task,
      readUser: (address, into) => (
        into.set(encoder.encode("theirs\0").subarray(0, into.length), 0),
        address === 0x7f00n
      ),
    };
    const machine = withData("[%s] [%8s] [%-8s]\0", 4096, (data) => [
      load64(2, data + 64n),
      store64(10, -24, 2),
      store64(10, -16, 2),
      store64(10, -8, 2),
      load64(1, data + 128n),
      movImm(2, 64),
      load64(3, data),
      mov(4, 10),
      addImm(4, -24),
      movImm(5, 24),
      call("snprintf"),
      exit,
    ]);
    valueOf(machine, 0).set(encoder.encode("abc\0"), 64);
    runWith(machine);
    assert.equal(text(valueOf(machine, 0).subarray(128)), "[abc] [     abc] [abc     ]");
    assert.equal(print("%pus.", [0x7f00n], 256, reader).text, "theirs.");
    assert.equal(print("%s.", [5n]).text, ".");
  });

  it("IP addresses", () => {
    const machine = withData("%pI4 %pi4 %pI6\0", 4096, (data) => [
      load64(2, data + 64n),
      store64(10, -24, 2),
      store64(10, -16, 2),
      store64(10, -8, 2),
      load64(1, data + 128n),
      movImm(2, 100),
      load64(3, data),
      mov(4, 10),
      addImm(4, -24),
      movImm(5, 24),
      call("snprintf"),
      exit,
    ]);
    valueOf(machine, 0).set([127, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 9], 64);
    runWith(machine);
    assert.equal(
      text(valueOf(machine, 0).subarray(128)),
      "127.0.0.1 127.000.000.001 7f00:0001:2001:0db8:0000:0000:0000:0009",
    );
  });

  it("cuts off, always terminates, and returns the whole length", () => {
    assert.deepEqual(print("%d", [123456n], 4), { returned: 7n, text: "123" });
    assert.deepEqual(print("abc", [], 1), { returned: 4n, text: "" });
    assert.deepEqual(print("abc", [], 0), { returned: 4n, text: "" });
  });

  it("refuses what the kernel refuses", () => {
    for (const format of [
      "%",
      "%d %d",
      "%f",
      "%n",
      "%o",
      "%hd",
      "%lls",
      "%5",
      "%*d",
      "%.3d",
      "%pQ",
      "\x01",
      "\x7f",
      "é",
    ]) {
      assert.equal(print(format, [1n]).returned, EINVAL, format);
    }
    assert.equal(print("%s", []).returned, EINVAL);
  });
});

describe("bpf_trace_printk", () => {
  it("prints a line, without its newline", () => {
    const lines: string[] = [];
    const machine = withData("pid %d of %s: %llx\n\0named\0", 64, (data) => [
      load64(1, data),
      movImm(2, 20),
      movImm(3, 7),
      load64(4, data + 20n),
      movImm(5, 255),
      call("trace_printk"),
      exit,
    ]);
    machine.onPrint = (line) => lines.push(line);
    assert.equal(runWith(machine).returnValue, 19n);
    assert.deepEqual(lines, ["pid 7 of named: ff"]);
  });

  it("refuses a format that does not end, and a fourth value", () => {
    const printing = (format: string, size: number) =>
      runWith(withData(format, 64, (data) => [load64(1, data), movImm(2, size), call("trace_printk"), exit]))
        .returnValue;
    assert.equal(printing("abcdef", 3), EINVAL);
    assert.equal(printing("%d %d %d %d\0", 12), EINVAL);
    assert.equal(printing("ok\0", 3), 2n);
  });

  it("what is printed may run a program itself, as deep as there are CPUs", () => {
    const machine = withData("x\0", 8, (data) => [load64(1, data), movImm(2, 2), call("trace_printk"), exit], {
      cpus: 2,
    });
    let depth = 0;
    machine.onPrint = () => {
      depth++;
      runWith(machine);
    };
    assert.throws(() => runWith(machine), /all 2 CPUs/);
    assert.equal(depth, 2);
    machine.onPrint = () => {};
    assert.equal(runWith(machine).returnValue, 1n);
  });
});

describe("bpf_probe_read", () => {
  const user: Task = {
    ...task,
    readUser(address, into) {
      const memory = encoder.encode("hello\0world");
      const start = Number(address - 0x5000n);
      if (start < 0 || start + into.length > memory.length) return false;
      into.set(memory.subarray(start, start + into.length));
      return true;
    },
  };

  function read(
    helper: Parameters<typeof call>[0],
    size: number,
    address: (data: bigint) => bigint,
    who: Task = user,
  ): { returned: bigint; bytes: number[] } {
    const machine = withData("kernel\0text", 64, (data) => [
      load64(1, data + 32n),
      movImm(2, size),
      load64(3, address(data)),
      call(helper),
      exit,
    ]);
    valueOf(machine, 0).fill(0xee, 32);
    const returned = runWith(machine, {}, who).returnValue;
    return { returned, bytes: Array.from(valueOf(machine, 0).subarray(32, 32 + Math.max(size, 1))) };
  }
  const bytesOf = (string: string): number[] => [...encoder.encode(string)];

  it("user: all, or -EFAULT and zeros", () => {
    assert.deepEqual(
      read("probe_read_user", 5, () => 0x5000n),
      { returned: 0n, bytes: bytesOf("hello") },
    );
    assert.deepEqual(
      read("probe_read_user", 5, () => 0x5009n),
      { returned: EFAULT, bytes: [0, 0, 0, 0, 0] },
    );
    assert.deepEqual(
      read("probe_read_user", 4, () => -8n),
      { returned: EFAULT, bytes: [0, 0, 0, 0] },
    );
    assert.deepEqual(
      read("probe_read_user", 0, () => 0n),
      { returned: 0n, bytes: [0xee] },
    );
  });

  it("kernel: the machine's own memory", () => {
    assert.deepEqual(
      read("probe_read_kernel", 6, (data) => data),
      { returned: 0n, bytes: bytesOf("kernel") },
    );
    assert.deepEqual(read("probe_read_kernel", 6, () => 0x5000n).returned, ERANGE);
    assert.deepEqual(read("probe_read_kernel", 0, () => 0x5000n).returned, ERANGE);
    assert.deepEqual(read("probe_read_kernel", 0, () => -8n).returned, 0n);
    assert.deepEqual(read("probe_read_kernel", 0, (data) => data).returned, 0n);
    assert.deepEqual(read("probe_read_kernel", 6, () => -8n).returned, EFAULT);
    assert.deepEqual(
      read("probe_read_kernel", 6, (data) => data + 60n),
      { returned: ERANGE, bytes: [0, 0, 0, 0, 0, 0] },
    );
  });

  it("strings: the length with the NUL, cut off and terminated", () => {
    assert.deepEqual(
      read("probe_read_kernel_str", 16, (data) => data),
      { returned: 7n, bytes: [...bytesOf("kernel\0"), ...new Array(9).fill(0xee)] },
    );
    assert.deepEqual(
      read("probe_read_kernel_str", 4, (data) => data),
      { returned: 4n, bytes: bytesOf("ker\0") },
    );
    assert.deepEqual(
      read("probe_read_kernel_str", 7, (data) => data),
      { returned: 7n, bytes: bytesOf("kernel\0") },
    );
    assert.deepEqual(
      read("probe_read_kernel_str", 4, () => 1n),
      { returned: ERANGE, bytes: [0, 0, 0, 0] },
    );
    const whole: Task = {
      ...task,
      readUser: (address, into) => (
        into.fill(0),
        into.set(encoder.encode("page").subarray(0, into.length)),
        address >= 0x6000n
      ),
    };
    assert.deepEqual(read("probe_read_user_str", 8, () => 0x6000n, whole).returned, 5n);
    assert.deepEqual(
      read("probe_read_user_str", 3, () => 0x5000n),
      { returned: 3n, bytes: bytesOf("he\0") },
    );
  });

  it("a user string that ends right before unmapped memory", () => {
    const edge: Task = {
      ...task,
      readUser: (address, into) => (
        into.fill(97),
        (into[into.length - 1] = 0),
        address + BigInt(into.length) <= 0x7000n
      ),
    };
    assert.deepEqual(read("probe_read_user_str", 16, () => 0x6ffdn, edge).returned, 3n);
    const gone: Task = {
      ...task,
      readUser: (address, into) => (into.fill(97), address + BigInt(into.length) <= 0x7000n),
    };
    assert.deepEqual(
      read("probe_read_user_str", 8, () => 0x6ffdn, gone),
      { returned: EFAULT, bytes: new Array(8).fill(0) },
    );
  });

  it("a task whose memory is nobody's to read: a fault that says so, and not for an address that is none", () => {
    const { readUser: _, ...closed } = task;
    const readers = ["probe_read_user", "probe_read_user_str", "probe_read", "probe_read_str"] as const;
    for (const helper of readers)
      for (const address of [0x55_0000n, 0x7fff_ffff_0000n])
        assert.throws(() => read(helper, 8, () => address, closed), /memory of the process.*give run\(\) a task/);
    for (const helper of readers) {
      for (const address of [0n, 8n, 1n << 47n, 0xffff_8000_0000_0000n])
        assert.deepEqual(read(helper, 8, () => address, closed).returned, EFAULT);
    }
    for (const helper of ["probe_read", "probe_read_str"] as const)
      assert.deepEqual(read(helper, 6, (data) => data, closed).bytes.slice(0, 5), bytesOf("kerne"));
    assert.equal(read("probe_read_user", 0, () => 0x55_0000n, closed).returned, 0n);
  });

  it("the older ones take either memory", () => {
    assert.deepEqual(read("probe_read", 6, (data) => data).bytes, bytesOf("kernel"));
    assert.deepEqual(read("probe_read", 5, () => 0x5000n).bytes, bytesOf("hello"));
  });

  it("a target that is not the program's is a fault", () => {
    assert.throws(
      () => result([movImm(1, 0), movImm(2, 4), movImm(3, 0), call("probe_read_kernel"), exit]),
      ProgramFault,
    );
  });
});

describe("dynptrs", () => {
  const at = (register: number, offset: number): Code[] => [mov(register, 10), addImm(register, offset)];
  const fromMem = (data: bigint, size: number, flags = 0): Code[] =>
    [load64(1, data), movImm(2, size), movImm(3, flags), ...at(4, -16), call("dynptr_from_mem")].flat();

  it("read, write and data, with the kernel's codes", () => {
    const ask = (then: (data: bigint) => Code[], size = 16): bigint =>
      runWith(
        withData(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 64, (data) => [...fromMem(data, size), ...then(data), exit]),
      ).returnValue;
    const reading = (length: number, offset: number, flags = 0): Code[] =>
      [
        ...at(1, -32),
        movImm(2, length),
        ...at(3, -16),
        movImm(4, offset),
        movImm(5, flags),
        call("dynptr_read"),
      ].flat();
    assert.equal(
      ask(() => [...reading(8, 0), fetch64(0, 10, -32)]),
      0x0807_0605_0403_0201n,
    );
    assert.equal(
      ask(() => reading(8, 8)),
      0n,
    );
    assert.equal(
      ask(() => reading(8, 9)),
      E2BIG,
    );
    assert.equal(
      ask(() => reading(16, 1)),
      E2BIG,
    );
    assert.equal(
      ask(() => reading(8, 17)),
      E2BIG,
    );
    assert.equal(
      ask(() => reading(8, 0, 1)),
      EINVAL,
    );
    const writing = (length: number, offset: number, flags = 0): Code[] =>
      [
        op(0x7a, 10, 0, -32, 99),
        ...at(1, -16),
        movImm(2, offset),
        ...at(3, -32),
        movImm(4, length),
        movImm(5, flags),
        call("dynptr_write"),
      ].flat();
    assert.equal(
      ask((data) => [...writing(8, 4), load64(1, data), fetch64(0, 1, 4)]),
      99n,
    );
    assert.equal(
      ask(() => writing(8, 9)),
      E2BIG,
    );
    assert.equal(
      ask(() => writing(8, 0, 1)),
      EINVAL,
    );
    const data = (offset: number, length: number): Code[] =>
      [...at(1, -16), movImm(2, offset), movImm(3, length), call("dynptr_data")].flat();
    assert.equal(
      ask((address) => [...data(4, 8), load64(1, address), op(0x1f, 0, 1)]),
      4n,
    );
    assert.equal(
      ask(() => data(9, 8)),
      0n,
    );
    assert.equal(
      ask(() => data(0, 17)),
      0n,
    );
  });

  it("from memory: flags, sizes, and memory that it may not be", () => {
    const make = (size: number, flags: number, then: Code[] = []): bigint =>
      runWith(withData("", 64, (data) => [...fromMem(data, size, flags), ...then, exit])).returnValue;
    assert.equal(make(16, 0), 0n);
    assert.equal(make(16, 1), EINVAL);
    assert.equal(make(16, 1, [...at(1, -16), movImm(2, 0), movImm(3, 1), call("dynptr_data")].flat()), 0n);
    assert.throws(() => make(65, 0), ProgramFault);
    assert.throws(
      () => result([...at(1, -32), movImm(2, 8), movImm(3, 0), ...at(4, -16), call("dynptr_from_mem"), exit]),
      /no writable map value/,
    );
    const big = withData("", (1 << 24) + 8, (address) =>
      [load64(1, address), movImm(2, 1 << 24), movImm(3, 0), ...at(4, -16), call("dynptr_from_mem"), exit].flat(),
    );
    assert.equal(runWith(big).returnValue, E2BIG);
  });

  it("cannot be forged, misplaced, or outlive their frame", () => {
    assert.throws(
      () => result([...at(1, -16), movImm(2, 0), movImm(3, 1), call("dynptr_data"), exit].flat()),
      /no initialised dynptr/,
    );
    assert.throws(
      () =>
        runWith(
          withData("", 64, (data) => [
            load64(1, data),
            movImm(2, 8),
            movImm(3, 0),
            load64(4, data),
            call("dynptr_from_mem"),
            exit,
          ]),
        ),
      /stack/,
    );
    assert.throws(
      () =>
        runWith(
          withData("", 64, (data) =>
            [load64(1, data), movImm(2, 8), movImm(3, 0), ...at(4, -12), call("dynptr_from_mem"), exit].flat(),
          ),
        ),
      /stack/,
    );
  });

  it("of ring records: failed ones must be finished too", () => {
    const maps = [mapSpec("ring", MapType.RINGBUF, 0, 0, 4096)];
    const reserve = (size: number, flags = 0): Code[] =>
      [
        loadMap(1, 0),
        movImm(2, size),
        movImm(3, flags),
        ...at(4, -16),
        call("ringbuf_reserve_dynptr"),
        mov(6, 0),
      ].flat();
    const discard: Code[] = [...at(1, -16), movImm(2, 0), call("ringbuf_discard_dynptr")].flat();
    const run = (code: Code[]): bigint => runWith(machineOf(() => [[...code, mov(0, 6), exit]], { maps })).returnValue;
    assert.equal(run([...reserve(8), ...discard]), 0n);
    assert.equal(run([...reserve(8, 1), ...discard]), EINVAL);
    assert.equal(run([...reserve(5000), ...discard]), EINVAL);
    assert.equal(run([...reserve(1 << 24), ...discard]), E2BIG);
    assert.throws(() => run(reserve(5000)), /neither submitted nor discarded/);
    assert.throws(() => run(reserve(8)), /neither submitted nor discarded/);
    assert.throws(() => run([...reserve(8), ...discard, ...discard]), /no initialised dynptr/);
    assert.throws(() => run([...reserve(8), ...reserve(8)]), /overwrote/);
  });
});

describe("the task", () => {
  it("ids, in the kernel's halves", () => {
    assert.equal(result([call("get_current_pid_tgid"), exit]), (1000n << 32n) | 1001n);
    assert.equal(result([call("get_current_uid_gid"), exit]), (600n << 32n) | 500n);
  });

  it("comm: cut off, terminated, padded", () => {
    const comm = (size: number, name: string): string => {
      const machine = withData(new Uint8Array(32).fill(0xee), 32, (data) => [
        load64(1, data),
        movImm(2, size),
        call("get_current_comm"),
        exit,
      ]);
      runWith(machine, {}, { ...task, comm: name });
      return String.fromCharCode(...valueOf(machine, 0).slice(0, 18));
    };
    assert.equal(comm(16, "sh"), `sh${"\0".repeat(14)}\xee\xee`);
    assert.equal(comm(16, "a-name-that-is-too-long"), "a-name-that-is-\0\xee\xee");
    assert.equal(comm(4, "shell"), `she\0${"\xee".repeat(14)}`);
  });

  it("the CPU and the clocks", () => {
    const clock = { monotonic: () => 5_000_000_123n, boot: () => 7n, wall: () => 1_000n };
    const ask = (helper: Parameters<typeof call>[0]): bigint => result([call(helper), exit], { clock });
    assert.equal(ask("ktime_get_ns"), 5_000_000_123n);
    assert.equal(ask("ktime_get_boot_ns"), 7n);
    assert.equal(ask("ktime_get_tai_ns"), 37_000_001_000n);
    assert.equal(ask("ktime_get_coarse_ns"), 5_000_000_000n);
    assert.equal(ask("jiffies64"), 1250n);
    assert.equal(ask("get_smp_processor_id"), 0n);
    assert.ok(result([call("get_prandom_u32"), exit]) < 1n << 32n);
  });

  it("the host's monotonic clock goes forward, in step with the thread's own", () => {
    // Bun's and Deno's begin with the process, or with the thread.
    const isSystems = !("bun" in process.versions) && !("deno" in process.versions);
    const clock = isSystems ? () => process.hrtime.bigint() : systemClock().monotonic;
    const before = clock();
    const now = result([call("ktime_get_ns"), exit]);
    assert.ok(now >= before && now <= clock());
  });
});

describe("strings", () => {
  function convert(helper: "strtol" | "strtoul", input: string, flags = 0): [bigint, bigint] {
    const machine = withData(input, 128, (data) => [
      load64(1, data),
      movImm(2, input.length),
      movImm(3, flags),
      load64(4, data + 120n),
      call(helper),
      exit,
    ]);
    const { returnValue } = runWith(machine);
    return [BigInt.asIntN(64, returnValue), new BigInt64Array(valueOf(machine, 0).slice(120, 128).buffer)[0]!];
  }

  it("strtol and strtoul: bases, signs, what is left, limits", () => {
    assert.deepEqual(convert("strtol", "42"), [2n, 42n]);
    assert.deepEqual(convert("strtol", "  -42xyz"), [5n, -42n]);
    assert.deepEqual(convert("strtol", "0x1F "), [4n, 31n]);
    assert.deepEqual(convert("strtol", "0755"), [4n, 493n]);
    assert.deepEqual(convert("strtol", "ff", 16), [2n, 255n]);
    assert.deepEqual(convert("strtol", "0xff", 16), [4n, 255n]);
    assert.deepEqual(convert("strtol", "9223372036854775807"), [19n, 2n ** 63n - 1n]);
    assert.deepEqual(convert("strtol", "-9223372036854775808"), [20n, -(2n ** 63n)]);
    assert.equal(convert("strtol", "9223372036854775808")[0], BigInt.asIntN(64, ERANGE));
    assert.equal(convert("strtol", "99999999999999999999999")[0], BigInt.asIntN(64, ERANGE));
    for (const wrong of ["x", " ", "-"]) assert.equal(convert("strtol", wrong)[0], -22n, wrong);
    assert.equal(convert("strtol", "1", 2)[0], -22n);
    assert.equal(convert("strtol", "1", 32)[0], -22n);
    assert.deepEqual(convert("strtoul", "18446744073709551615"), [20n, -1n]);
    assert.equal(convert("strtoul", "-1")[0], -22n);
  });

  it("strncmp", () => {
    const compare = (first: string, size: number, second: string): bigint => {
      const machine = withData(`${first}\0`, 64, (data) => [
        load64(1, data),
        movImm(2, size),
        load64(3, data + 32n),
        call("strncmp"),
        exit,
      ]);
      valueOf(machine, 0).set(encoder.encode(`${second}\0`), 32);
      return BigInt.asIntN(64, runWith(machine).returnValue);
    };
    assert.equal(compare("same", 8, "same"), 0n);
    assert.equal(compare("sama", 8, "samb"), -1n);
    assert.equal(compare("samb", 8, "sama"), 1n);
    assert.equal(compare("longer", 8, "long"), 1n);
    assert.equal(compare("longer", 4, "long"), 0n);
  });
});

describe("control", () => {
  const counting: Code[] = [fetch64(3, 2, 0), addImm(3, 1), store64(2, 0, 3), movImm(0, 0), exit];

  it("loop: counts, limits, and the budget of the whole run", () => {
    const looping = (count: number, flags = 0): Code[] =>
      [
        movImm(1, count),
        loadFunction(2, 8),
        mov(3, 10),
        addImm(3, -8),
        movImm(4, flags),
        op(0x7a, 10, 0, -8, 0),
        call("loop"),
        fetch64(1, 10, -8),
        exit,
        ...counting,
      ].flat();
    const code = looping(10);
    assert.equal(code.length, 15);
    assert.equal(result(code, { functions: [10] }), 10n);
    assert.equal(result(looping(0), { functions: [10] }), 0n);
    assert.equal(result(looping((1 << 23) + 1), { functions: [10] }), E2BIG);
    assert.equal(result(looping(1, 1), { functions: [10] }), EINVAL);
    assert.throws(() => result(looping(1000), { functions: [10], budget: 4000 }), /budget/);
  });

  it("a callback must be a function of the program", () => {
    for (const address of [0n, 1n, 0xffff_a000_0000_0001n, 0xffff_a000_0100_0000n]) {
      assert.throws(
        () => result([movImm(1, 1), load64(2, address), movImm(3, 0), movImm(4, 0), call("loop"), exit]),
        /no function/,
      );
    }
  });

  it("tail calls: empty, beyond the end, and 33 in a row", () => {
    const maps = [mapSpec("jumps", MapType.PROG_ARRAY, 4, 4, 2), dataMap("hops", 8)];
    const machine = machineOf(
      (images) => [
        [
          load64(6, BigInt(images[1]!.address)),
          fetch64(7, 6, 0),
          addImm(7, 1),
          store64(6, 0, 7),
          loadMap(2, 0),
          fetch64(3, 1, 0),
          call("tail_call"),
          mov(0, 7),
          exit,
        ],
      ],
      { maps },
    );
    const jump = (index: bigint): bigint => {
      valueOf(machine, 1).fill(0);
      return runWith(machine, { bytes: new Uint8Array(new BigUint64Array([index]).buffer) }).returnValue;
    };
    assert.equal(jump(0n), 1n);
    assert.equal(jump(2n), 1n);
    assert.equal(jump(0xffff_ffffn), 1n);
    machine.maps[0]!.setProgramAt!(1, 0);
    assert.equal(jump(1n), 34n);
    assert.equal(jump(0x1_0000_0001n), 34n);
  });

  it("tail calls that fail say so", () => {
    const maps = [mapSpec("jumps", MapType.PROG_ARRAY, 4, 4, 1)];
    assert.equal(result([loadMap(2, 0), movImm(3, 0), call("tail_call"), exit], { maps }), ENOENT);
  });
});

describe("for_each_map_elem", () => {
  const maps = [mapSpec("array", MapType.ARRAY, 4, 8, 3), mapSpec("ring", MapType.RINGBUF, 0, 0, 4096)];
  const each: Code[] = [
    loadMap(1, 0),
    loadFunction(2, 5),
    movImm(3, 0),
    movImm(4, 0),
    call("for_each_map_elem"),
    exit,
  ].flat();
  const go = (callback: Code[]): bigint =>
    runWith(machineOf(() => [[...each, ...callback]], { maps, functions: [each.length] })).returnValue;

  it("shows each key and value, the key for reading only, and only meanwhile", () => {
    assert.equal(go([op(0x61, 4, 2, 0), store64(3, 0, 4), movImm(0, 0), exit]), 3n);
    assert.equal(go([movImm(0, 1), exit]), 1n);
    assert.throws(() => go([op(0x62, 2, 0, 0, 9), movImm(0, 0), exit]), ProgramFault);
    assert.throws(() => go([op(0x61, 4, 2, 4), movImm(0, 0), exit]), ProgramFault);
  });

  it("a record that the callback reserves stays reserved", () => {
    const reserve: Code[] = [
      loadMap(1, 1),
      movImm(2, 8),
      movImm(3, 0),
      call("ringbuf_reserve"),
      mov(6, 0),
      movImm(0, 1),
      exit,
    ].flat();
    assert.throws(() => go(reserve), /neither submitted nor discarded/);
  });
});

describe("the budget", () => {
  it("counts the bytes that helpers work on", () => {
    const size = 1 << 20;
    const machine = withData(
      "",
      2 * size,
      (data) => [
        load64(1, data),
        movImm(2, size),
        load64(3, data + BigInt(size)),
        call("probe_read_kernel"),
        op(0x05, 0, 0, -7),
        exit,
      ],
      { budget: 100_000 },
    );
    assert.throws(() => runWith(machine), /budget/);
    assert.ok(machineOf(() => [[exit]]).run(0, { bytes: new Uint8Array(0) }, task).instructions === 1);
  });
});

describe("user rings", () => {
  const maps = [mapSpec("commands", MapType.USER_RINGBUF, 0, 0, 4096), dataMap("out", 64)];
  const size = 8;

  function machineWith(callback: Code[]): Machine {
    const main: Code[] = [
      loadMap(1, 0),
      loadFunction(2, 5),
      movImm(3, 0),
      movImm(4, 0),
      call("user_ringbuf_drain"),
      exit,
    ].flat();
    const machine = machineOf(() => [[...main, ...callback]], { maps, functions: [main.length] });
    const { data, producer } = machine.maps[0]!.userRing!.memory;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let sample = 0; sample < 3; sample++) {
      view.setUint32(sample * 16, size, true);
      view.setBigUint64(sample * 16 + 8, BigInt(sample + 1), true);
    }
    Atomics.store(producer, 0, 48n);
    return machine;
  }

  const sampleOf: Code[] = [movImm(2, 0), movImm(3, 8), call("dynptr_data")];

  it("lend a sample for the callback only", () => {
    assert.equal(runWith(machineWith([...sampleOf, fetch64(1, 0, 0), movImm(0, 0), exit])).returnValue, 3n);
    const keep: Code[] = [mov(6, 2), ...sampleOf, mov(0, 0), exit];
    assert.throws(() => runWith(machineWith(keep)), /only 0 \(go on\) and 1 \(stop\)/);
    assert.throws(() => runWith(machineWith([...sampleOf, fetch64(1, 0, 8), movImm(0, 0), exit])), ProgramFault);
    assert.throws(() => runWith(machineWith([...sampleOf, fetch64(1, 0, -8), movImm(0, 0), exit])), ProgramFault);
    assert.throws(() => runWith(machineWith([fetch64(0, 1, 0), movImm(0, 0), exit])), ProgramFault);
    assert.throws(
      () => runWith(machineWith([movImm(2, 0), call("ringbuf_submit_dynptr"), movImm(0, 0), exit])),
      /no ring record/,
    );
  });

  it("stop when the callback says so, and can be drained again after a fault", () => {
    const machine = machineWith([movImm(0, 1), exit]);
    assert.deepEqual(
      [
        runWith(machine).returnValue,
        runWith(machine).returnValue,
        runWith(machine).returnValue,
        runWith(machine).returnValue,
      ],
      [1n, 1n, 1n, 0n],
    );
    const faulty = machineWith([movImm(3, 0), fetch64(0, 3, 0), exit]);
    for (let round = 0; round < 3; round++) assert.throws(() => runWith(faulty), /null pointer/);
    assert.equal(runWith(faulty).returnValue, 0n);
  });
});
