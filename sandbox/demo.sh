#!/usr/bin/env bash
# Behind `make demo`: an agent on nine bundled instances, in Docker where an engine answers, then the numbers.
set -euo pipefail
bin=$1 epochs=$2 logs=$3
instances=$(printf 'hotmess-mini__%s,' daywork-{1,2,3,4,5} unitconf-{1,2,3,4})

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
  -T "sandbox=$sandbox" -T "instances=${instances%,}" --epochs "$epochs" --max-sandboxes 4 --no-log-realtime --log-dir "$logs" --display plain
echo
log=$(ls -t "$logs"/*.eval | head -1)
"$bin/hotmess" analyze "$log"
"$bin/hotmess" report "$log" -o "$logs/report.html" >/dev/null
echo
echo "The report:                     $logs/report.html"
echo "Look at the epochs one by one:  $bin/inspect view --log-dir $logs"
