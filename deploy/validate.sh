#!/usr/bin/env bash
# Checks the Kubernetes manifests against the schemas of Kubernetes, and the other files for being what they say.
# Needs python3 and, the first time, the package index.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=1.37.0
venv=target/kubernetes-validate-$VERSION
if ! "$venv/bin/kubernetes-validate" --help >/dev/null 2>&1; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "kubernetes-validate==$VERSION"
fi

manifests=()
for file in deploy/kubernetes/*.yaml; do
  [ "$(basename "$file")" = kustomization.yaml ] || manifests+=("$file")
done
"$venv/bin/kubernetes-validate" --strict "${manifests[@]}"

"$venv/bin/python" - <<'PYTHON'
import json, pathlib, yaml
for path in pathlib.Path("deploy").rglob("*.yaml"):
    list(yaml.safe_load_all(path.read_text()))
listed = yaml.safe_load(pathlib.Path("deploy/kubernetes/kustomization.yaml").read_text())["resources"]
there = {p.name for p in pathlib.Path("deploy/kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
assert set(listed) == there, f"kustomization.yaml lists {sorted(listed)}, there are {sorted(there)}"
json.loads(pathlib.Path("deploy/grafana/dashboard.json").read_text())
PYTHON
