#!/usr/bin/env bash
# Behind `make demo`: an agent on the bundled instances, in Docker where an engine answers, then the numbers.
set -euo pipefail
bin=$1 epochs=$2 logs=$3

sandbox=docker
# The doctor's exit status is 1 where something is missing, which is what is asked here and no failure.
problems=$({ "$bin/hotmess" doctor --json || true; } | "$bin/python" -c '
import json, sys
for check in json.load(sys.stdin)["checks"]:
    if check["name"].startswith("Docker") and check["state"] != "ok":
        print(check["name"] + ": " + check["found"] + "; " + check["remedy"])')
if [ -n "$problems" ]; then
  sandbox=local
  printf '%s\n' "$problems" \
    "So the demo runs WITHOUT containers, in Inspect's local sandbox: the commands of the simulated agent," \
    "which are part of this package, run on this machine, as you." "" >&2
fi
mkdir -p "$logs"
PATH="$bin:$PATH" "$bin/inspect" eval hotmess/swebench --model hotmess/simulated-agent \
  -T "sandbox=$sandbox" --epochs "$epochs" --log-dir "$logs" --display plain
echo
"$bin/hotmess" analyze "$(ls -t "$logs"/*.eval | head -1)" --length actions
echo
echo "Look at the epochs one by one:  $bin/inspect view --log-dir $logs"
