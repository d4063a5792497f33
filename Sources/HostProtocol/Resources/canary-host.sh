#!/bin/sh
# The host side of canary. Reads requests from standard input, answers on standard output, keeps a ledger of steps in
# <directory>/.canary. Needs a POSIX sh, coreutils or busybox, tar, gzip, awk, find, and flock and setsid (util-linux
# or busybox). Nothing that comes in a request is ever evaluated as shell code; only `arg` vectors are run, as they are.
#
#   request:  "request <verb>", then "<name> <value>" lines, then "end"; a stage is followed by the artifact and EOF
#   answer:   "status <word>", then "<name> <value>" lines, then "end", with the step and the fence asked about
#
# Verbs: inspect, check (change nothing, but see bind_step); stage, activate, run (a key, a fence and an outcome each).

# A dropped connection, a closed terminal or Ctrl-C on the controller does not stop a step that has been accepted.
trap '' HUP INT TERM PIPE

newline='
'
callers_umask=$(umask)
callers_lc_all=${LC_ALL-}
callers_lc_all_is_set=${LC_ALL+yes}
LC_ALL=C
export LC_ALL

# Space kept free on the host's disk when a release is staged, in KiB.
reserve_kib=16384
# Caps on an archive: entries, symbolic links (each costs a process to check), unpacked bytes per packed byte.
max_entries=200000
max_links=20000
max_ratio=100
max_slack=67108864

# ---- words -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*" 2>/dev/null; }

# One line for people: control bytes become spaces, at most 600 bytes.
one_line() { printf '%s' "$*" | tr '\000-\037\177' ' ' | head -c 600; }

# Ends an answer, and says whose it is: an answer to one step must never be taken for another's.
say_end() { say "end${p_step:+ $p_rollout/$p_host/$p_step/$p_attempt $p_epoch.$p_fence_step}"; }

# respond STATUS DETAIL: an answer that is not kept.
respond() {
  say "status $1"
  say "detail $(one_line "$2")"
  say_end
}

is_name() {
  case $1 in
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._+~-]*) return 1 ;;
  esac
  [ "${#1}" -le 128 ]
}

is_number() {
  case $1 in
    '' | *[!0-9]* | 0?*) return 1 ;;
  esac
  [ "${#1}" -le 18 ]
}

is_digest() {
  case $1 in
    *[!0-9a-f]*) return 1 ;;
  esac
  [ "${#1}" -eq 64 ]
}

# A path below a directory: relative, no empty, `.` or `..` component.
is_inner_path() {
  case /$1/ in
    *//* | */./* | */../*) return 1 ;;
  esac
  case $1 in
    *[[:cntrl:]]* | *\\*) return 1 ;;
  esac
  [ "${#1}" -le 1024 ]
}

is_directory_path() {
  case $1 in
    / | [!/]* | */) return 1 ;;
    /*) is_inner_path "${1#/}" ;;
    *) return 1 ;;
  esac
}

# ---- disk ------------------------------------------------------------------------------------------------------------

# Free KiB on the disk of $1, or of its nearest parent that exists.
free_kib() {
  place=$1
  until [ -d "$place" ]; do place=$(dirname "$place"); done
  df -Pk "$place" 2>/dev/null | {
    read -r _ && read -r _ _ _ free _ && is_number "$free" && printf '%s' "$free"
  }
}

# A sync of files and directories; an old `sync` ignores the names and syncs everything, which is as good.
sync_path() { sync "$@" 2>/dev/null || sync; }
sync_tree() { sync -f "$1" 2>/dev/null || sync; }

# replace FILE TEXT: FILE holds TEXT after a crash at any moment, or what it held before.
replace() {
  if printf '%s\n' "$2" 2>/dev/null >"$1.new" && sync_path "$1.new" && mv -f "$1.new" "$1" 2>/dev/null; then
    sync_path "${1%/*}"
  else
    rm -f "$1.new"
    return 1
  fi
}

# replace_both FILE TEXT FILE TEXT SYNCED: as `replace` one after the other, with the syncs of one; SYNCED is a file
# that is on disk before either.
replace_both() {
  if printf '%s\n' "$2" 2>/dev/null >"$1.new" && printf '%s\n' "$4" 2>/dev/null >"$3.new" \
    && sync_path "$1.new" "$3.new" "$5" \
    && mv -f "$1.new" "$1" 2>/dev/null && mv -f "$3.new" "$3" 2>/dev/null; then
    sync_path "${1%/*}" "${3%/*}"
  else
    rm -f "$1.new" "$3.new"
    return 1
  fi
}

remove_tree() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  rm -rf "$1" 2>/dev/null && return 0
  chmod -R u+rwX "$1" 2>/dev/null
  rm -rf "$1" 2>/dev/null
}

# ---- releases --------------------------------------------------------------------------------------------------------

# Digest of the complete release $1, or nothing.
release_digest() {
  manifest=$p_directory/releases/$1/.canary-release
  [ -f "$manifest" ] && [ ! -L "$p_directory/releases/$1" ] || return 0
  { IFS= read -r one && IFS= read -r two; } 2>/dev/null <"$manifest" || return 0
  [ "$one" = "version $1" ] && is_digest "${two#digest }" && printf '%s' "${two#digest }"
}

# Version that `current` names, or nothing.
current_version() {
  [ -L "$p_directory/current" ] || return 0
  target=$(readlink "$p_directory/current")
  target=${target%/}
  case $target in
    releases/*) target=${target#releases/} ;;
    "$p_directory"/releases/*) target=${target#"$p_directory"/releases/} ;;
    *) return 0 ;;
  esac
  is_name "$target" && printf '%s' "$target"
}

# ---- commands --------------------------------------------------------------------------------------------------------

# Around `timeout`, as the leader of a session of its own. Busybox ends only the command itself at the limit, so what
# that started goes here; with coreutils it is gone already.
# shellcheck disable=SC2016 # expanded by the inner shell
command_shell='
limit=$1
began=$2
shift 2
timeout -k 5 "$limit" "$@" 9>&-
status=$?
case $status in
  124 | 137 | 143) [ "$(($(date +%s) - began))" -lt "$limit" ] || kill -KILL 0 ;;
esac
exit "$status"
'

# run_command SECONDS OUTPUT_FILE ARGV...: in `current` where there is one. Sets command_status and command_failure
# (empty after exit 0).
#
# The command gets /dev/null, a file for its output and no other descriptor, so nothing of ours waits for a child that
# it leaves behind. The shell around `timeout` keeps descriptor 9: if this script is killed, the lock is held until the
# command has ended, so a repeat never runs beside it.
run_command() {
  limit=$1
  output=$2
  shift 2
  place=/
  [ -d "$p_directory/current/" ] && place=$p_directory/current/
  began=$(date +%s)
  # The braces keep the shell's own word about a killed child out of standard error.
  {
    (
      trap - HUP INT TERM PIPE
      umask "$callers_umask"
      if [ -n "$callers_lc_all_is_set" ]; then LC_ALL=$callers_lc_all; else unset LC_ALL; fi
      CANARY_SERVICE=$p_service CANARY_DIRECTORY=$p_directory CANARY_ROLLOUT=$p_rollout CANARY_HOST=$p_host
      CANARY_STEP=$p_step CANARY_VERSION=$p_version
      export CANARY_SERVICE CANARY_DIRECTORY CANARY_ROLLOUT CANARY_HOST CANARY_STEP CANARY_VERSION
      CDPATH='' cd -P -- "$place" || exit 126
      exec setsid sh -c "$command_shell" sh "$limit" "$began" "$@"
    ) </dev/null >"$output" 2>&1
    command_status=$?
  } 2>/dev/null
  command_timed_out=
  case $command_status in
    0) command_failure= ;;
    124 | 137 | 143)
      if [ "$(($(date +%s) - began))" -ge "$limit" ]; then
        command_timed_out=yes
        command_status=124
        command_failure="ran longer than its limit of $limit s and was stopped"
      else
        command_failure="exited $command_status"
      fi
      ;;
    126) command_failure="could not be started: $1 is not executable" ;;
    127) command_failure="could not be started: $1 is not found" ;;
    *) command_failure="exited $command_status" ;;
  esac
}

output_hex() { tail -c 4096 "$1" 2>/dev/null | od -An -v -tx1 | tr -d ' \n'; }

# ---- ledger ----------------------------------------------------------------------------------------------------------

# The stored fence: a line `<epoch> <step>`, and the rollout that it is of on the next. Fails when it is damaged.
read_fence() {
  stored_epoch=0
  stored_step=0
  stored_rollout=
  [ -f "$p_directory/.canary/fence" ] || return 0
  { read -r stored_epoch stored_step && IFS= read -r stored_rollout; } 2>/dev/null <"$p_directory/.canary/fence"
  is_number "$stored_epoch" && is_number "$stored_step"
}

fence_text() { printf '%s %s\n%s' "$p_epoch" "$p_fence_step" "$p_rollout"; }
write_fence() { replace "$p_directory/.canary/fence" "$(fence_text)"; }

# Sets fence_order to how the request's fence stands to the stored one: lower, equal, higher or foreign.
#
# A journal gives each epoch to one controller, which drives one rollout with it. Another rollout with the same epoch
# comes from another journal, so neither can be told to be the newer one: the first that came is followed.
order_fence() {
  fence_order=higher
  if [ "$p_epoch" -lt "$stored_epoch" ]; then
    fence_order=lower
  elif [ "$p_epoch" -eq "$stored_epoch" ]; then
    if [ -n "$stored_rollout" ] && [ "$stored_rollout" != "$p_rollout" ]; then
      fence_order=foreign
    elif [ "$p_fence_step" -eq "$stored_step" ]; then
      fence_order=equal
    elif [ "$p_fence_step" -lt "$stored_step" ]; then
      fence_order=lower
    fi
  fi
}

# Decides what a request with this key and fence gets. Under the lock, or for a first look without it.
# Sets fence_order, and verdict to finished, refused, open or damaged.
judge_key() {
  record=$p_directory/.canary/steps/$p_rollout/$p_step-$p_attempt
  verdict=open
  if ! read_fence; then
    verdict=damaged
    return
  fi
  order_fence
  # A finished key answers whatever the fence: telling what happened changes nothing.
  if [ -f "$record.outcome" ]; then
    verdict=finished
  elif [ "$fence_order" = lower ] || [ "$fence_order" = foreign ]; then
    verdict=refused
  fi
}

say_refused() {
  say "status refused"
  say "fence $stored_epoch $stored_step"
  if [ "$fence_order" = foreign ]; then
    say "detail the rollout $stored_rollout of another journal works on this host with the same epoch $stored_epoch"
  else
    say "detail a controller with a higher fence ($stored_epoch.$stored_step) works on this host"
  fi
  say_end
}

say_damaged() {
  respond failed "$p_directory/.canary/fence is damaged: nothing is done on this host until someone has looked at it \
and removed it"
}

# claim FILE TEXT: writes it unless it is there already. Fails when FILE says something else, which is then in claimed.
claim() {
  claimed=
  if [ -f "$1" ]; then
    IFS= read -r claimed <"$1"
    [ "$claimed" = "$2" ]
  else
    replace "$1" "$2"
  fi
}

# Accepts the key: fence, intent and a record of success, to be renamed, are on disk first. Else answers and fails.
accept_key() {
  [ -d "${record%/*}" ] || mkdir -p "${record%/*}" 2>/dev/null
  if ! claim "$p_directory/.canary/service" "$p_service" && [ -n "$claimed" ]; then
    respond failed "$p_directory belongs to the service $claimed (see .canary/service there), not to $p_service: \
give each service a directory of its own"
  elif ! claim "${record%/*}/host" "$p_host" && [ -n "$claimed" ]; then
    respond failed "the instances $claimed and $p_host share the directory $p_directory: give each one its own"
  elif printf '%s\n' "$p_rollout/$p_step-$p_attempt" 2>/dev/null >"$p_directory/.canary/working" \
    && printf 'status succeeded\n' 2>/dev/null >"$record.success" \
    && replace_both "$p_directory/.canary/fence" "$(fence_text)" "$record.started" "$$" "$record.success"; then
    return 0
  else
    respond failed "cannot write to $p_directory/.canary, nothing was done: $(why_unwritable "$p_directory")"
  fi
  return 1
}

why_unwritable() {
  if [ "$(free_kib "$1")" -lt 64 ]; then
    printf '%s' "the disk is full, free some space"
  else
    printf '%s' "is the disk full or read-only, and may the user $(id -un) write there?"
  fi
}

# conclude STATUS [DETAIL [OUTPUT_FILE]]: keeps the outcome, then answers. Never a success that is not on disk: a repeat
# would act again.
conclude() {
  outcome="status $1"
  detail=${2-}
  [ -z "${3-}" ] || outcome="$outcome${newline}output_hex $(output_hex "$3")"
  if [ "$1" = succeeded ]; then
    if ! keep_success; then
      outcome="status unrecorded"
      detail="$verb was done, but the host cannot keep that: $(why_unwritable "$p_directory")"
    fi
  elif ! keep_failure; then
    detail="$detail; the host cannot keep that: $(why_unwritable "$p_directory")"
  fi
  rm -f "$p_directory/.canary/working"
  say "$outcome"
  [ -z "$detail" ] || say "detail $(one_line "$detail")"
  say_end
}

# A rename within a directory takes no space.
keep_success() {
  { mv -f "$record.success" "$record.outcome" 2>/dev/null && sync_path "${record%/*}"; } \
    || replace "$record.outcome" "$outcome"
}

# On a full disk what the step itself wrote here makes room.
keep_failure() {
  kept="$outcome${newline}detail $(one_line "$detail")"
  replace "$record.outcome" "$kept" && rm -f "$record.success" && return 0
  rm -f "$record.success" "$record.output"
  replace "$record.outcome" "$kept"
}

# with_key WAIT ARGV...: takes the lock, settles the key, and carries out the verb when there is something to do.
with_key() {
  lock_wait=$1
  shift
  if ! prepare_ledger; then
    respond failed "cannot make $p_directory/.canary, nothing was done: $(why_unwritable "$p_directory")"
    return
  fi
  { locked_key "$@"; } 9>>"$p_directory/.canary/lock"
}

private_ledger=
prepare_ledger() {
  [ -d "$p_directory" ] || (umask "$callers_umask" && mkdir -p "$p_directory") 2>/dev/null || return 1
  [ -d "$p_directory/.canary/incoming" ] || mkdir -p "$p_directory/.canary/incoming" 2>/dev/null || return 1
  [ "$private_ledger" = "$p_directory" ] || chmod 700 "$p_directory/.canary" 2>/dev/null || return 1
  private_ledger=$p_directory
  true 2>/dev/null >>"$p_directory/.canary/lock"
}

locked_key() {
  # First without `timeout`: busybox leaves a watcher behind for up to a second, which would hold the lock.
  if ! flock -n -x 9 2>/dev/null && ! timeout "$lock_wait" flock -x 9 >/dev/null 2>&1; then
    holder=
    [ ! -f "$p_directory/.canary/working" ] || IFS= read -r holder <"$p_directory/.canary/working"
    respond not_accepted "another step (${holder:-unknown}) still runs on this host after $lock_wait s: \
see what it waits for, then try again"
    return
  fi
  judge_key
  case $verdict in
    finished)
      [ "$fence_order" != higher ] || write_fence
      cat "$record.outcome"
      say_end
      ;;
    refused) say_refused ;;
    damaged) say_damaged ;;
    open) if accept_key; then carry_out "$@"; fi ;;
  esac
}

