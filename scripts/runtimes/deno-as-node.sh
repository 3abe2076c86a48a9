#!/bin/sh
# Deno, with the arguments that tests give to Node: flags of V8, and code by -e (of which Deno itself makes no module).
flags= preload= head="const require = process.getBuiltinModule('node:module').createRequire('/');"
while [ $# -gt 0 ]; do
  case $1 in
    --input-type=module) head="process.argv.splice(1, 1);" ;;
    -e | --eval)
      code=$(printf '%s %s' "$head" "$2" | base64 -w0)
      shift 2
      exec "$EBPF_TS_DENO" run --quiet --allow-all --no-check --node-modules-dir=manual ${flags:+"--v8-flags=$flags"} "data:text/javascript;base64,$code" "$@"
      ;;
    # Of a package it takes the file alone.
    --import)
      preload="$PWD/node_modules/ebpf-ts/build/src/${2#ebpf-ts/}.js"
      shift
      ;;
    --*) flags="${flags:+$flags,}$1" ;;
    *) break ;;
  esac
  shift
done
exec "$EBPF_TS_DENO" run --quiet --allow-all --no-check --node-modules-dir=manual ${flags:+"--v8-flags=$flags"} ${preload:+"--preload=$preload"} "$@"
