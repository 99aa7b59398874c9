#!/usr/bin/env bash
# Puts generated requests, sound and broken, to a running server and checks every answer against openapi.yaml.
#   tests/schemathesis.sh [program]     (default: target/release/jacobi, or target/debug/jacobi)
# Needs python3 and, the first time, the package index. EXAMPLES sets how many requests each route gets.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=4.32.5
EXAMPLES=${EXAMPLES:-120}
program=${1:-target/release/jacobi}
[ -x "$program" ] || program=target/debug/jacobi
[ -x "$program" ] || { echo "no program: cargo build first" >&2; exit 2; }

venv=target/schemathesis-$VERSION
if ! "$venv/bin/st" --version >/dev/null 2>&1; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION"
fi

log=$(mktemp)
"$program" --listen 127.0.0.1:0 --request-timeout 10 2>"$log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 100); do
  address=$(sed -n 's|.*listening on \(http://[0-9.:]*\).*|\1|p' "$log" | head -n 1)
  [ -n "$address" ] && break
  sleep 0.1
done
[ -n "$address" ] || { cat "$log" >&2; echo "the server did not start" >&2; exit 1; }

# Whether a document that fits its schema is accepted depends on names and shapes, which no schema can say:
# so positive_data_acceptance is left out.
"$venv/bin/st" run openapi.yaml --url "$address" \
  --exclude-checks positive_data_acceptance \
  --phases examples,coverage,fuzzing \
  --max-examples "$EXAMPLES" \
  --max-failures 20 \
  --max-redirects 0 \
  --request-timeout 20 \
  --seed 1 \
  --no-color

kill -0 "$server" || { echo "the server ended during the test" >&2; exit 1; }
