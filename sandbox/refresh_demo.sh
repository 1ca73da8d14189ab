#!/usr/bin/env bash
# Record the log that `hotmess demo` analyses anew: needs a Docker engine. Usage: sandbox/refresh_demo.sh [BIN]
set -euo pipefail
bin=${1:-.venv/bin}
logs=$(mktemp -d)
sandbox/demo.sh "$bin" 5 "$logs"
cp "$logs"/*.eval src/hotmess_inspect/demo/swebench_mini.eval
