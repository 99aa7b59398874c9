#!/usr/bin/env bash
# Runs the image in a container with 256 MiB, one core and no rights, under tiny and huge requests together, and checks
# what operators rely on: it is never killed for its memory, answers, or refuses with a time to come back.
#   docker build -t jacobi . && tests/container.sh            ten minutes; SECONDS_OF_LOAD=60 for one
# Needs docker and python3. Not part of `cargo test`: it takes an image.
set -euo pipefail
cd "$(dirname "$0")/.."
IMAGE=${IMAGE:-jacobi} PORT=${PORT:-18080} SECONDS_OF_LOAD=${SECONDS_OF_LOAD:-600}

name=jacobi-under-load-$$
trap 'docker rm -f "$name" >/dev/null 2>&1 || true' EXIT
docker run --detach --name "$name" --network host --memory=256m --memory-swap=256m --cpus=1 --read-only --cap-drop=ALL \
  --security-opt no-new-privileges -e JACOBI_LISTEN="127.0.0.1:$PORT" -e JACOBI_LOG=warn "$IMAGE" >/dev/null

# What it is made of is written in the program.
docker cp "$name:/jacobi" - | tar -xO >"/tmp/$name"
objcopy --dump-section .dep-v0="/tmp/$name.deps" "/tmp/$name" /dev/null
python3 -c 'import json, sys, zlib
parts = json.loads(zlib.decompress(open(sys.argv[1], "rb").read()))["packages"]
assert any(part["name"] == "axum" for part in parts)
print(len(parts), "packages are listed in the program")' "/tmp/$name.deps"
ls -l "/tmp/$name" | awk '{ print "the program has", $5, "bytes" }'
rm "/tmp/$name" "/tmp/$name.deps"
docker image inspect --format 'the image has {{.Size}} bytes' "$IMAGE"

for _ in $(seq 100); do docker exec "$name" /jacobi healthcheck >/dev/null 2>&1 && break; sleep 0.1; done
docker exec "$name" /jacobi healthcheck
docker exec "$name" /jacobi config | grep -E '^(threads|memory-budget|max-held-bytes) '

verdict=0
python3 tests/container.py "127.0.0.1:$PORT" "$SECONDS_OF_LOAD" || verdict=1

pid=$(docker inspect --format '{{.State.Pid}}' "$name")
id=$(docker inspect --format '{{.Id}}' "$name")
if [ "$pid" != 0 ]; then
  awk '/^VmHWM/ { print "the most memory the process had:", $2, "kB" }' "/proc/$pid/status"
fi
for peak in "/sys/fs/cgroup/memory/docker/$id/memory.max_usage_in_bytes" /sys/fs/cgroup/*/docker-"$id".scope/memory.peak; do
  [ -e "$peak" ] && echo "the most memory the container had, by its control group: $(cat "$peak") bytes"
done
state=$(docker inspect --format '{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}' "$name")
echo "running, killed for memory, restarts: $state"
[ "$state" = 'true false 0' ] || verdict=1
docker stop --time 30 "$name" >/dev/null
echo "it stopped with $(docker inspect --format '{{.State.ExitCode}}' "$name"); its last words:"
docker logs --tail 5 "$name" 2>&1
exit $verdict
