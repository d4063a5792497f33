#!/bin/sh
# `canary demo`: three instances of a small HTTP service on this machine, each behind an sshd of its own on loopback,
# with customers; a good release, and one that is subtly slow. Everything lives in one temporary directory and ends with
# this script.
set -eu
canary=$1
source=$2 # directory with demo-service.py, demo-load.py and demo-restart.sh
say() { printf '\n%s\n' "== $*"; }
fail() {
  printf '%s\n' "demo: $*" >&2
  exit 1
}

command -v python3 >/dev/null || fail "python3 runs the demo's service and is not installed"
# Paths of ssh's control sockets must be short, so not under a long TMPDIR.
root=$(mktemp -d /tmp/canary-demo.XXXXXX)
pids=
rate=360 # requests a second, all instances together
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
ports=
for number in 1 2 3; do
  ssh_port=$1
  port=$2
  ports="$ports $port"
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

cat >"$root/shop.yaml" <<POLICY
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

cat >"$root/checks.yaml" <<'POLICY'
baseline: 15s                         # all instances are measured before the push
burn_in: {min: 15s, max: 2m}          # a pass may be earned after 15 seconds
warm_up: 5s
wave_burn_in: 5s
soak: 10s
metrics: {scrape: "http://{host}:{port}/metrics"}
checks:
  - name: errors
    bad: http_requests_total{code="500"}
    total: http_requests_total
    tolerance: 50%                    # halting needs evidence of more than this
    pass_margin: 150%                 # an early pass needs evidence of less than this
    interval: 1s
  - name: latency
    histogram: http_request_duration_seconds
    quantile: 0.99
    tolerance: 20%
    pass_margin: 50%
    interval: 1s
  - name: orders
    good: orders_total
    total: http_requests_total
    tolerance: 10%
    pass_margin: 30%
    interval: 1s
POLICY

# Times are lognormal. In 1.2.0 four answers in a hundred take 5.5 times as long and all others 15 % less: the mean stays.
release 1.0.0 '{"version": "1.0.0", "median_ms": 20}'
release 1.1.0 '{"version": "1.1.0", "median_ms": 19.8}'
release 1.2.0 '{"version": "1.2.0", "median_ms": 16.95, "slow_share": 0.04, "slow_factor": 5.5}'

export CANARY_STATE="$root/state"
cd "$root"
say "three instances of \`shop\`, reached over $transport; the policy:"
{
  cat shop.yaml
  echo 'burn_in: {min: 1s, max: 1m}'
} >canary.yaml
sed 's/^/    /' canary.yaml

say "canary start shop@1.0.0    the first deploy: nothing to compare it with yet"
"$canary" start shop@1.0.0 || fail "the first deploy ended with exit status $?"

say "customers come: $rate requests a second; from here on the policy has checks:"
# shellcheck disable=SC2086 # one word a port
python3 "$source/demo-load.py" "$rate" $ports </dev/null >"$root/customers" 2>"$root/customers.log" &
load=$!
pids="$pids $load"
sed 's/^/    /' checks.yaml
cat shop.yaml checks.yaml >canary.yaml

say "canary plan shop@1.1.0     what a release would do, and what its checks can see"
"$canary" plan shop@1.1.0 || fail "the plan ended with exit status $?"

say "canary start shop@1.1.0    a good release: passes as soon as the evidence is there"
"$canary" start shop@1.1.0 || fail "the good release ended with exit status $?"

say "canary start shop@1.2.0    subtly slow: p99 is twice what it was, the mean is the same, every probe is green"
status=0
"$canary" start shop@1.2.0 || status=$?
[ "$status" = 2 ] || fail "the slow release ended with exit status $status, and 2 (failed and rolled back) was due"

say "canary explain             why it went back"
"$canary" explain

say "what the customers saw"
kill "$load"
wait "$load" || fail "the load generator failed: $(cat "$root/customers.log")"
python3 - "$root/customers" <<'PY'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    seen = json.loads(file.readlines()[-1])
print("   release   answers   errors      mean       p50       p99")
for release, saw in seen["releases"].items():
    good = max(1, saw["answers"] - saw["failed"])
    share = 100 * saw["failed"] / max(1, saw["answers"])
    times = "".join(f"{1000 * time:7.1f} ms" for time in (saw["seconds"] / good, saw["p50"], saw["p99"]))
    print(f"   {release:<7} {saw['answers']:>9,} {share:>6.2f} %{times}")
PY

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
