# shellcheck shell=sh
# shellcheck disable=SC2154 # $work is the caller's
# Sourced by the examples' `run`: a working directory with three instances of a static site, and its releases.
# Needs: $work (an empty directory). Everything started here ends with `finish`.

finish() {
  for file in "$work"/host*/shared/run/pid; do
    [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null
  done
  return 0
}

instances() { # three instances, each with a directory and a free port of its own
  ports=$(python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*[s.getsockname()[1] for s in held])')
  number=0
  for port in $ports; do
    number=$((number + 1))
    mkdir -p "$work/host$number/shared/run"
    echo "PORT=$port" >"$work/host$number/shared/.env"
    echo "site$number address=127.0.0.1 port=$port directory=$work/host$number"
  done >"$work/instances.txt"
}

release() { # release VERSION [VERSION-IT-SAYS]
  build=$work/build-$1
  mkdir -p "$build" "$work/dist"
  echo "<h1>site $1</h1>" >"$build/index.html"
  echo "${2:-$1}" >"$build/version"
  cat >"$build/restart" <<'RESTART'
#!/bin/sh
set -eu
. ./.env
old=$(cat run/pid 2>/dev/null || true)
is_running() { kill -0 "$old" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$old/status" 2>/dev/null; }
if [ -n "$old" ] && kill "$old" 2>/dev/null; then
  while is_running; do sleep 0.02; done
fi
setsid python3 -m http.server --bind 127.0.0.1 "$PORT" </dev/null >run/log 2>&1 &
echo $! >run/pid
RESTART
  chmod +x "$build/restart"
  tar -czf "$work/dist/site-$1.tar.gz" -C "$build" .
}
