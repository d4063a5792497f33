#!/bin/sh
# `canary demo`: three instances of a small HTTP service on this machine, each behind an sshd of its own on loopback,
# a good release and a bad one. Everything lives in one temporary directory and ends with this script.
set -eu
canary=$1
source=$2 # directory with demo-service.py and demo-restart.sh
say() { printf '\n%s\n' "== $*"; }
fail() {
  printf '%s\n' "demo: $*" >&2
  exit 1
}

command -v python3 >/dev/null || fail "python3 runs the demo's service and is not installed"
# Paths of ssh's control sockets must be short, so not under a long TMPDIR.
root=$(mktemp -d /tmp/canary-demo.XXXXXX)
pids=
finish() {
  status=$?
  trap - EXIT
  for pid in $pids $(cat "$root"/host*/shop/shared/run/pid 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
  if [ -n "${CANARY_DEMO_KEEP:-}" ]; then
    printf '%s\n' "kept: $root"
  else
    rm -rf "$root"
  fi
  rm -rf "$source"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_ports() {
  python3 - "$1" <<'PY'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[s.getsockname()[1] for s in held])
PY
}

sshd=$(command -v sshd || true)
[ -n "$sshd" ] || { [ -x /usr/sbin/sshd ] && sshd=/usr/sbin/sshd; } || true
transport=local
if [ -n "$sshd" ] && command -v ssh >/dev/null && command -v ssh-keygen >/dev/null; then
  transport=ssh
else
  say "openssh-server is not installed: using the local transport instead of ssh"
fi

start_sshd() { # start_sshd NUMBER PORT
  home=$root/host$1
  ssh-keygen -q -t ed25519 -N '' -f "$home/host_key"
  cat >"$home/sshd_config" <<CONFIG
Port $2
ListenAddress 127.0.0.1
HostKey $home/host_key
AuthorizedKeysFile $root/client_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
SetEnv HOME=$home
CONFIG
  [ "$(id -u)" = 0 ] && mkdir -p /run/sshd
  "$sshd" -D -e -f "$home/sshd_config" 2>"$home/sshd.log" &
  pids="$pids $!"
  printf '[127.0.0.1]:%s %s\n' "$2" "$(cut -d ' ' -f 1-2 "$home/host_key.pub")" >>"$root/known_hosts"
  until grep -q 'Server listening' "$home/sshd.log"; do
    kill -0 "${pids##* }" 2>/dev/null || fail "sshd did not start: $(cat "$home/sshd.log")"
    sleep 0.05
  done
}

release() { # release VERSION JSON
  mkdir -p "$root/build"
  cp "$source/demo-service.py" "$root/build/service.py"
  cp "$source/demo-restart.sh" "$root/build/restart"
  chmod +x "$root/build/restart"
  printf '%s\n' "$2" >"$root/build/release.json"
  mkdir -p "$root/dist"
  tar -czf "$root/dist/shop-$1.tar.gz" -C "$root/build" .
  (cd "$root/dist" && sha256sum "shop-$1.tar.gz" >"shop-$1.tar.gz.sha256")
}

mkdir -p "$root/dist"
[ "$transport" = local ] || ssh-keygen -q -t ed25519 -N '' -f "$root/client_key"
# shellcheck disable=SC2046 # six words are wanted
set -- $(free_ports 6)
instances=
for number in 1 2 3; do
  ssh_port=$1
  port=$2
  shift 2
  directory=$root/host$number/shop
  mkdir -p "$directory/shared/run"
  echo "PORT=$port" >"$directory/shared/.env"
  [ "$transport" = local ] || start_sshd "$number" "$ssh_port"
  instances="$instances
  - {host: shop$number, address: 127.0.0.1, ssh_port: $ssh_port, directory: $directory, labels: {port: \"$port\"}}"
done
case $transport in
  ssh) how="{ssh: {user: $(id -un), config: none, identity: $root/client_key, known_hosts: $root/known_hosts}}" ;;
  local) how='{local: {}}' ;;
esac

cat >"$root/canary.yaml" <<POLICY
service: shop
instances:$instances
transport: $how
release:
  artifact: dist/shop-{version}.tar.gz
  sha256: dist/shop-{version}.tar.gz.sha256
  directory: /srv/shop
  shared: {dirs: [run], files: [.env]}
  restart: [./restart]
canary: {count: 1}
burn_in: {min: ${CANARY_DEMO_BURN_IN:-6s}, max: 1m}
waves: [50%, 100%]
max_unavailable: 1
min_healthy_time: 1s
healthy_deadline: 20s
progress_deadline: 2m
probes:
  - http: http://{host}:{port}/healthz
    interval: 1s
    timeout: 1s
    rise: 2
    fall: 3
    expect: {status: 200, version: /version}
on_fail: rollback
POLICY

release 1.0.0 '{"version": "1.0.0"}'
release 1.1.0 '{"version": "1.1.0"}'
release 1.2.0 '{"version": "1.2.0", "sick_after": 3}'

export CANARY_STATE="$root/state"
cd "$root"
say "three instances of \`shop\`, reached over $transport; the policy:"
sed 's/^/    /' canary.yaml

say "canary start shop@1.0.0    the first deploy"
"$canary" start shop@1.0.0 || fail "the first deploy ended with exit status $?"

say "canary plan shop@1.1.0     what a release would do"
"$canary" plan shop@1.1.0 || fail "the plan ended with exit status $?"

say "canary start shop@1.1.0    a good release: canary, burn-in, waves"
"$canary" start shop@1.1.0 || fail "the good release ended with exit status $?"

say "canary start shop@1.2.0    a release whose canary falls ill during its burn-in"
status=0
"$canary" start shop@1.2.0 || status=$?
[ "$status" = 2 ] || fail "the bad release ended with exit status $status, and 2 (failed and rolled back) was due"

say "canary explain             why it went back"
"$canary" explain

say "canary hosts               what each instance runs now"
"$canary" hosts

say "canary history"
"$canary" history

cat <<'END'

== where to look next
   canary explain <id>      why a rollout waits, halted or went back
   policies/                policies to start from; policies/reference.yaml has every key
   docs/OPERATING.md        what to do when it halts, is stuck, or its controller died
END
