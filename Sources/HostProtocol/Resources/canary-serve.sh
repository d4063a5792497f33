# ---- activate and run ------------------------------------------------------------------------------------------------

carry_out() {
  case $verb in
    stage) do_stage ;;
    activate) do_activate "$@" ;;
    run) run_and_conclude "$p_step command" "$@" ;;
  esac
}

do_activate() {
  if [ -z "$(release_digest "$p_version")" ]; then
    conclude failed "the release $p_version is not complete in $p_directory/releases: stage it first"
    return
  fi
  if [ -e "$p_directory/current" ] && [ ! -L "$p_directory/current" ]; then
    conclude failed "$p_directory/current is not a symbolic link: move it away, then try again"
    return
  fi
  link=$p_directory/.canary/current.new
  remove_tree "$link"
  if ! ln -s "releases/$p_version" "$link" 2>"$record.output" \
    || ! mv -fT "$link" "$p_directory/current" 2>>"$record.output"; then
    conclude failed "cannot move $p_directory/current: $(why_unwritable "$p_directory")" "$record.output"
    return
  fi
  sync_path "$p_directory"
  if [ "$#" -eq 0 ]; then conclude succeeded; else run_and_conclude "restart command" "$@"; fi
}

run_and_conclude() {
  what=$1
  shift
  run_command "$p_timeout" "$record.output" "$@"
  if [ -z "$command_failure" ]; then
    conclude succeeded
  else
    conclude failed "the $what $command_failure" "$record.output"
  fi
}

# ---- inspect and check -----------------------------------------------------------------------------------------------

answer_inspect() {
  if [ -d "$p_directory/.canary" ] && ! { [ -r "$p_directory/.canary" ] && [ -x "$p_directory/.canary" ]; }; then
    respond failed "the user $(id -un) cannot read $p_directory/.canary: \
deploy as the user that made it, or give it over"
    return
  fi
  if [ -n "$p_step" ] && ! settle_step; then return; fi
  say "status ok"
  say "boot_id $boot_id"
  free=$(free_kib "$p_directory")
  say "free_bytes $((${free:-0} * 1024))"
  version=$(current_version)
  [ -z "$version" ] || say "current $version"
  for manifest in "$p_directory"/releases/*/.canary-release; do
    version=${manifest%/.canary-release}
    version=${version##*/}
    is_name "$version" || continue
    digest=$(release_digest "$version")
    [ -z "$digest" ] || say "release $version $digest"
  done
  if [ -f "$p_directory/.canary/fence" ] && read_fence; then say "fence $stored_epoch $stored_step"; fi
  [ -z "$p_step" ] || answer_step
  say_end
}

# Sets state to what the step is when it has no outcome. Answers and fails when that cannot be said.
settle_step() {
  record=$p_directory/.canary/steps/$p_rollout/$p_step-$p_attempt
  state=absent
  if [ -f "$record.outcome" ]; then
    return 0
  elif [ -z "$p_epoch" ]; then
    look_at_step
  elif prepare_ledger; then
    bind_step 9>>"$p_directory/.canary/lock"
  else
    respond failed "cannot make $p_directory/.canary to keep the step from being done later: \
$(why_unwritable "$p_directory")"
    return 1
  fi
}

# Waits for a running step by taking the lock, shared, with a time limit.
look_at_step() {
  [ -f "$record.started" ] || return 0
  state=interrupted
  working=
  [ ! -f "$p_directory/.canary/working" ] || IFS= read -r working <"$p_directory/.canary/working"
  if [ "$working" = "$p_rollout/$p_step-$p_attempt" ] && ! wait_for_lock; then state=running; fi
}

# A request that is still on its way, or waits for the lock, could do the step after the answer that it was not done.
# So under the lock the asker's fence becomes the host's, which refuses such a request. While another step holds the
# lock there is no answer that lasts, which is the same to the asker as a step that runs.
bind_step() {
  if ! flock -n -x 9 2>/dev/null \
    && ! { [ "$p_wait" -gt 0 ] && timeout "$p_wait" flock -x 9 >/dev/null 2>&1; }; then
    state=running
    return 0
  fi
  [ ! -f "$record.started" ] || state=interrupted
  # A damaged fence, or another service's directory, lets no request through.
  judge_key
  owner=$p_service
  [ ! -f "$p_directory/.canary/service" ] || IFS= read -r owner <"$p_directory/.canary/service"
  if [ "$verdict" = open ] && [ "$fence_order" = higher ] && [ "$owner" = "$p_service" ] && ! write_fence; then
    respond failed "cannot write $p_directory/.canary/fence to keep the step from being done later: \
$(why_unwritable "$p_directory")"
    return 1
  fi
}

answer_step() {
  if [ -f "$record.outcome" ]; then
    while IFS= read -r line; do
      case $line in
        'status '*) say "step ${line#status }" ;;
        'detail '*) say "step_detail ${line#detail }" ;;
        'output_hex '*) say "step_output_hex ${line#output_hex }" ;;
      esac
    done <"$record.outcome"
  else
    say "step $state"
  fi
}

wait_for_lock() {
  { flock -n -s 9 || { [ "$p_wait" -gt 0 ] && timeout "$p_wait" flock -s 9; }; } \
    >/dev/null 2>&1 9<"$p_directory/.canary/lock"
}

answer_check() {
  output=$(mktemp "${TMPDIR:-/tmp}/canary-check.XXXXXX" 2>/dev/null)
  if [ -z "$output" ]; then
    respond failed "cannot make a temporary file in ${TMPDIR:-/tmp}: is the disk full?"
    return
  fi
  run_command "$p_timeout" "$output" "$@"
  say "status ok"
  say "exit_status $command_status"
  [ -z "$command_timed_out" ] || say "timed_out $p_timeout"
  say "output_hex $(output_hex "$output")"
  say_end
  rm -f "$output"
}

# ---- requests --------------------------------------------------------------------------------------------------------

missing_tools() {
  for tool in awk cat chmod date df dirname find flock grep gzip head id ln ls mkdir mktemp mv od readlink rm setsid \
    sha256sum sync tail tar timeout tr wc; do
    command -v "$tool" >/dev/null 2>&1 || printf ' %s' "$tool"
  done
}

# Sets problem to the first thing wrong with the request's values.
examine() {
  problem=
  case $verb in
    check) [ -z "$p_directory" ] || is_directory_path "$p_directory" || problem="directory" ;;
    *) is_directory_path "$p_directory" || problem="directory" ;;
  esac
  case $verb in
    stage | activate | run)
      [ -n "$p_service" ] || problem="service"
      is_number "$p_epoch" || problem="epoch"
      is_number "$p_fence_step" || problem="fence_step"
      [ -n "$p_step" ] || problem="step"
      ;;
  esac
  if [ "$verb" = inspect ] && [ -n "$p_epoch$p_fence_step" ]; then
    [ -n "$p_service" ] || problem="service"
    is_number "$p_epoch" || problem="epoch"
    is_number "$p_fence_step" || problem="fence_step"
    [ -n "$p_step" ] || problem="step"
  fi
  if [ -n "$p_step" ]; then
    is_name "$p_rollout" || problem="rollout"
    case $p_step in -* | *[!a-z-]*) problem="step" ;; esac
    is_number "$p_attempt" || problem="attempt"
    is_number "$p_wait" || problem="wait"
  fi
  case $verb in
    stage)
      is_name "$p_version" || problem="version"
      is_digest "$p_digest" || problem="digest"
      is_number "$p_size" && [ "${#p_size}" -le 15 ] || problem="size"
      is_number "$p_keep" || problem="keep"
      examine_shared
      ;;
    activate) is_name "$p_version" || problem="version" ;;
    run | check) [ "$#" -gt 0 ] || problem="arg" ;;
  esac
  case $verb in
    activate | run | check)
      is_number "$p_timeout_ms" && [ "${#p_timeout_ms}" -le 12 ] || problem="timeout_ms"
      ;;
  esac
}

examine_shared() {
  IFS=$newline
  set -f
  for shared in $p_shared_dirs $p_shared_files; do
    is_inner_path "$shared" || problem="shared path $shared"
  done
  unset IFS
  set +f
}

has_tools=
serve() {
  examine "$@"
  if [ -n "$problem" ]; then
    respond failed "the request's $problem is missing or has a form that is not allowed on a host"
    return
  fi
  [ -n "$has_tools" ] || lacking=$(missing_tools)
  if [ -n "$lacking" ]; then
    respond failed "this host lacks:$lacking. Install coreutils, util-linux, findutils, tar, gzip and awk, or busybox"
    return
  fi
  has_tools=yes
  p_timeout=$(((${p_timeout_ms:-0} + 999) / 1000))
  [ "$p_timeout" -gt 0 ] || p_timeout=1
  case $verb in
    inspect) answer_inspect ;;
    check) answer_check "$@" ;;
    activate) with_key "$((p_timeout + 10))" "$@" ;;
    run) with_key "$((p_timeout + 10))" "$@" ;;
    stage)
      serve_stage
      # The rest of an artifact that was not needed.
      cat >/dev/null 2>&1
      ;;
    *) respond failed "no such request: $verb" ;;
  esac
}

serve_stage() {
  body=
  judge_key
  if [ "$verdict" = refused ]; then
    say_refused
  elif [ "$verdict" = damaged ]; then
    say_damaged
  elif [ "$verdict" = finished ] || [ "$(release_digest "$p_version")" = "$p_digest" ] || receive_artifact; then
    with_key 120
    [ -z "$body" ] || [ ! -e "$body" ] || rm -f "$body"
  fi
}

# Reads one request: $1 is its first line. A value goes to the end of its line, as it is.
take_request() {
  verb=${1#request }
  p_service='' p_directory='' p_rollout='' p_host='' p_step='' p_attempt='' p_epoch='' p_fence_step='' p_version=''
  p_digest='' p_size='' p_keep='' p_protect='' p_shared_dirs='' p_shared_files='' p_timeout_ms='' p_wait=0
  unknown=
  shift
  while IFS= read -r line; do
    [ "$line" != end ] || break
    name=${line%% *}
    case $line in *' '*) value=${line#* } ;; *) value= ;; esac
    case $name in
      service) p_service=$value ;;
      directory) p_directory=$value ;;
      rollout) p_rollout=$value ;;
      host) p_host=$value ;;
      step) p_step=$value ;;
      attempt) p_attempt=$value ;;
      epoch) p_epoch=$value ;;
      fence_step) p_fence_step=$value ;;
      version) p_version=$value ;;
      digest) p_digest=$value ;;
      size) p_size=$value ;;
      keep) p_keep=$value ;;
      timeout_ms) p_timeout_ms=$value ;;
      wait) p_wait=$value ;;
      protect) p_protect=$p_protect$value$newline ;;
      shared_dir) p_shared_dirs=$p_shared_dirs$value$newline ;;
      shared_file) p_shared_files=$p_shared_files$value$newline ;;
      arg) set -- "$@" "$value" ;;
      *) unknown=$name ;;
    esac
  done
  if [ "$line" != end ]; then
    return 1
  elif [ -n "$unknown" ]; then
    respond failed "no such parameter: $unknown"
  else
    serve "$@"
  fi
}

umask 077
boot_id=unknown
[ ! -r /proc/sys/kernel/random/boot_id ] || read -r boot_id </proc/sys/kernel/random/boot_id
say "canary-host 1 $boot_id"
while IFS= read -r line; do
  case $line in
    'request '*) take_request "$line" || exit 0 ;;
    '') ;;
    *)
      p_step=
      respond failed "this is no request of the host protocol"
      exit 1
      ;;
  esac
done
exit 0
