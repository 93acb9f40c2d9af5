#!/bin/sh
# The short differential run for CI: builds our side, installs the official Cedar Wasm build as locked,
# compares. Usage: run.sh BUILD_DIR [options of run.js]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
build=${1:?usage: run.sh BUILD_DIR [--decisions N] [--policies N] [--seed N]}
shift
[ -d "$here/node_modules/@cedar-policy/cedar-wasm" ] || (cd "$here" && npm ci --ignore-scripts)
meson compile -C "$build" gh_policy gh_base
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O2 -g -I"$root/src" -o "$out/engine" "$here/engine.c" "$here/engine_validate.c" \
    "$build/src/policy/libgh_policy.a" "$build/src/base/libgh_base.a" -ljansson -lcrypto
cd "$here"
exec node run.js "$out/engine" "$@"
