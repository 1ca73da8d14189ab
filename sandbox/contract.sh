#!/usr/bin/env bash
# The contract tests on several releases of Inspect and of the other dependencies, each in an environment of its own.
# Usage: sandbox/contract.sh [oldest|newest|lowest]...   (default: all three)
#   oldest: the oldest supported Inspect with the newest of everything else
#   newest: the newest of everything
#   lowest: the lowest declared version of every direct dependency; on Python 3.11, for which all of them have wheels
# PYTHON names the interpreter (default python3); ENVIRONMENTS the folder (default build/contract). Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv > /dev/null || { echo "uv is needed: pip install uv" >&2; exit 1; }
python=${PYTHON:-python3}
environments=${ENVIRONMENTS:-build/contract}
oldest=$(sed -nE 's/.*"inspect-ai>=([0-9.]+)".*/\1/p' pyproject.toml)
[ $# -gt 0 ] || set -- oldest newest lowest
failed=()
for kind in "$@"; do
  case $kind in
    oldest) options=(--resolution highest "inspect-ai==$oldest") ;;
    newest) options=(--upgrade) ;;
    lowest) options=(--resolution lowest-direct) ;;
    *) echo "unknown: $kind (oldest, newest or lowest)" >&2; exit 2 ;;
  esac
  home=$environments/$kind
  uv venv --quiet --seed --python "$python" --clear "$home"
  uv pip install --quiet --python "$home/bin/python" "${options[@]}" -e . \
    "pytest>=8.3" "pytest-xdist>=3.6" "hypothesis>=6.100"
  echo "== $kind: $("$home/bin/python" -V), inspect-ai $("$home/bin/python" -c 'from importlib.metadata import version; print(version("inspect-ai"))')"
  "$home/bin/python" -m pytest -q -n "${WORKERS:-2}" -p no:cacheprovider \
    tests/contract tests/test_registry.py tests/test_inspect_private.py tests/plugin \
    --ignore tests/plugin/test_scout.py || failed+=("$kind")
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
