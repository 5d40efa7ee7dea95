#!/usr/bin/env bash
# What idle tokens cost the daemon: the share of a core and the resident memory, with a real Vault and a real service
# provider on this machine. Takes some twenty minutes.
#
#   tests/bench/idle.sh PROGRAM [TOKENS] [SECONDS]     of 10000 tokens, measured over 300 s
#
# PROGRAM is a build for release (deploy/package/program.sh prints its path). Printed are the share while no record is
# read, what reading each of them once costs, and from both the share with the hourly read of all (`limits.sweep`).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${1:?usage: tests/bench/idle.sh PROGRAM [TOKENS] [SECONDS]}")
tokens=${2:-10000} seconds=${3:-300}
. "$here/tests/bench/fleet.sh"

configuration "$tokens" 1h >daemon.toml
"$program" --config daemon.toml run 2>daemon.log &
daemon=$!
started+=("$daemon")

memory() { awk '/VmRSS/ {printf "%.0f", $2 / 1024}' "/proc/$daemon/status"; }
# Hundredths of a second on any core since the start.
ran() { sed 's/.*) //' "/proc/$daemon/stat" | awk '{print $12 + $13}'; }
# Prints the seconds of work in a time of so many seconds.
measure() {
  local before
  before=$(ran)
  sleep "$seconds"
  python3 -c "print(($(ran) - $before) / 100)"
}

# The start ends with the facts of each token.
while [[ $("$vault" kv list -format=json -mount=kv scim-rotator/facts 2>/dev/null | grep -c '"t') -lt $tokens ]]; do sleep 2; done
sleep 30
idle=$(measure)
resident=$(memory)

# The configuration is read again, after which each token is read once in a time of measuring.
configuration "$tokens" "${seconds}s" >daemon.toml
kill -HUP "$daemon"
sleep 90
reading=$(measure)
after=$(memory)
for _ in 1 2 3; do curl -sS "http://$served/metrics" | wc -c >scrape; done
sleep 5
python3 - <<PY
idle, reading = $idle, $reading
share = lambda work: f"{work / $seconds * 100:.3f} % of a core"
print("$tokens idle tokens")
print(f"no record is read:           {share(idle)} ({idle:.2f} s in $seconds s), $resident MiB")
print(f"each is read once:           {share(reading)} ({reading:.2f} s in $seconds s), $after MiB")
print(f"so with a read of all an hour: {(idle / $seconds + (reading - idle) / 3600) * 100:.3f} % of a core")
print(f"after three scrapes:         $(memory) MiB; {$(cat scrape) / 2**20:.1f} MiB each")
PY
if [[ -s daemon.log ]]; then
  printf 'The daemon said:\n'
  tail -n 5 daemon.log
fi
