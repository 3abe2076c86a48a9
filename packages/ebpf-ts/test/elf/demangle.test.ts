import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { demangle } from "../../src/elf/demangle/demangle.ts";
import { suggestion } from "../../src/elf/executable/suggestion.ts";
import { mutate, randomFrom } from "../support/mutate.ts";

/** As c++filt of binutils writes them, but for the hashes of crates and blanks between brackets. */
const names: readonly [mangled: string, shown: string][] = [
  ["_Z4mainv", "main()"],
  ["_ZN3app6Server6handleEi", "app::Server::handle(int)"],
  ["_ZN3app6ServerC2Ev", "app::Server::Server()"],
  ["_ZN3app6ServerD0Ev", "app::Server::~Server()"],
  ["_ZNK3app6Server4nameEv", "app::Server::name()"],
  ["_ZN3app6Server5twiceIdEET_S2_", "app::Server::twice<double>(double)"],
  ["_ZN4node5StartEiPPc", "node::Start(int, char**)"],
  ["_ZN4node5StartEiPPc.cold", "node::Start(int, char**)"],
  ["_ZplRK1AS1_", "operator+(A const&, A const&)"],
  ["_ZN1AcviEv", "A::operator int()"],
  ["_ZSt4sortIPiEvT_S1_", "std::sort<int*>(int*, int*)"],
  ["_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int>>::push_back(int const&)"],
  ["_ZN12_GLOBAL__N_13runEPFivE", "(anonymous namespace)::run(int (*)())"],
  ["_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()()"],
  ["_ZN1fILi3ELb1EEEvv", "f<3, true>()"],
  ["_ZTVN3app6ServerE", "vtable for app::Server"],
  ["_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"],
  ["_ZN39_$LT$u8$u20$as$u20$core..fmt..Debug$GT$3fmt17hb67e0123456789abE.llvm.123", "<u8 as core::fmt::Debug>::fmt"],
  ["_RNvNtCsaMTS6GGiKFt_6user_r5inner4work", "user_r::inner::work"],
  [
    "_RINvMNtNtCsgEmfK2I1SDS_4core3fmt2rtNtB3_8Argument11new_displayjECs3_6user_r",
    "<core::fmt::rt::Argument>::new_display::<usize>",
  ],
  ["_RNCNvCs3_4main3run0", "main::run::{closure#0}"],
  ["_RNvXCs3_4mainINtB2_7HandlerhENtB2_2Go2go", "<main::Handler::<u8> as main::Go>::go"],
];

describe("symbols of C++ and Rust", () => {
  for (const [mangled, shown] of names) it(shown, () => assert.equal(demangle(mangled), shown));

  it("others are none", () => {
    for (const name of ["main", "", "_Z", "_R", "_ZN", "_ZN17hE", "_Zzzz", "_RB_", "_ZS_", "main.handle", "_ZN3app"])
      assert.equal(demangle(name), undefined, name);
  });

  it("a forged one ends, whatever it refers to, and however deep", () => {
    const deep = [
      `_Z1f${"P".repeat(4000)}i`,
      `_R${"N".repeat(4000)}`,
      `_RI${"INvC1a1b".repeat(30)}${"B_".repeat(500)}`,
    ];
    const wide = `_Z1fI${"1aI".repeat(40)}iE${"S_S0_S1_S2_S3_".repeat(200)}`;
    for (const name of [...deep, wide, `_Z${"1".repeat(5000)}`, "_Z9999a"]) assert.equal(demangle(name), undefined);
  });

  it("of any letters: a text or nothing, and none that is longer than anybody reads", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."NIESTJLKVPROBCDFMXYstub0123456789_abiv$.é"), maxLength: 80 });
    const check = (name: string): boolean => (demangle(name)?.length ?? 0) <= 2 * 4096;
    fc.assert(
      fc.property(fc.constantFrom("_Z", "_ZN", "_R", "_RNv", ""), letters, (start, rest) => check(start + rest)),
    );
    const random = randomFrom(11);
    for (let turn = 0; turn < 4000; turn += 1) {
      const [mangled] = names[random(names.length)]!;
      assert.ok(check(new TextDecoder("latin1").decode(mutate(new TextEncoder().encode(mangled), random))));
    }
  });
});

describe("what is suggested for a name that there is not", () => {
  const symbols = names.map(([mangled]) => mangled);
  it("is what C++ and Rust call by that name, with or without its space and parameters", () => {
    const handle = "_ZN3app6Server6handleEi (app::Server::handle(int))";
    for (const asked of ["handle", "Server::handle", "app::Server::handle", "app::Server::handle(int)"])
      assert.equal(suggestion(asked, symbols), handle, asked);
    assert.equal(suggestion("inner::work", symbols), `${symbols[18]} (user_r::inner::work)`);
    assert.equal(suggestion("vector::push_back", symbols), `${symbols[11]} (${names[11]![1]})`);
  });
  it("is a near name otherwise, or nothing", () => {
    assert.equal(suggestion("mallok", ["free", "malloc"]), "malloc");
    assert.equal(suggestion("nothing_like_it", ["free", "malloc"]), undefined);
    assert.equal(suggestion("::", ["free"]), undefined);
  });
});
