#!/bin/sh
# What the demo's policy names as its restart command: ends the instance's old process and starts this release.
set -eu
# shellcheck source=/dev/null # on the host, linked into the release from shared/
. ./.env
pid=$(cat run/pid 2>/dev/null || true)
is_running() { # a zombie is not: where nobody collects orphans at once, it would be waited for in vain
  kill -0 "$pid" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}
if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
  # The port is free when the old process is gone; the command's own time limit bounds the wait.
  while is_running; do sleep 0.02; done
fi
setsid python3 ./service.py "$PORT" </dev/null >>run/log 2>&1 &
echo $! >run/pid
