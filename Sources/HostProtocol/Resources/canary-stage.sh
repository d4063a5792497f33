# ---- stage -----------------------------------------------------------------------------------------------------------

# needs KIB: true when so much is free beside the reserve; else sets lack.
has_room() {
  needed=$(($1 + reserve_kib))
  free=$(free_kib "$p_directory")
  lack="needs $(((needed + 1023) / 1024)) MB free in $p_directory, has $((${free:-0} / 1024)) MB: \
remove something there or lower \`keep\`"
  [ "${free:-0}" -ge "$needed" ]
}

# Reads the artifact into $body. No lock is held meanwhile: a connection that hangs must not hold up the host.
# Answers and fails when it does not arrive whole.
receive_artifact() {
  if ! has_room "$((p_size * 22 / 10240))"; then
    respond failed "$lack"
    return 1
  fi
  if ! prepare_ledger; then
    respond failed "cannot make $p_directory/.canary, nothing was done: $(why_unwritable "$p_directory")"
    return 1
  fi
  body=$p_directory/.canary/incoming/$p_rollout-$p_step-$p_attempt.$$
  head -c "$((p_size + 1))" 2>/dev/null >"$body"
  head_status=$?
  received=$(($(wc -c 2>/dev/null <"$body" || echo 0)))
  if [ "$head_status" -ne 0 ]; then
    respond failed "cannot write the artifact to $p_directory/.canary/incoming: $(why_unwritable "$p_directory")"
  elif [ "$received" -lt "$p_size" ]; then
    respond not_accepted "the upload ended after $received of $p_size bytes: send it again"
  elif [ "$received" -gt "$p_size" ]; then
    respond failed "the artifact is longer than the $p_size bytes announced: it changed since the plan was made"
  else
    found=$(sha256sum <"$body")
    [ "${found%% *}" = "$p_digest" ] && return 0
    respond failed "the artifact has the sha256 ${found%% *}, not $p_digest as planned: build or fetch it again, \
and plan again"
  fi
  rm -f "$body"
  return 1
}

# Files of steps that are gone. Under the lock, so that no other stage unpacks; an upload names its process.
remove_leftovers() {
  for leftover in "$p_directory"/releases/.staging-* "$p_directory"/releases/.old-*; do
    remove_tree "$leftover"
  done
  for leftover in "$p_directory"/.canary/incoming/*; do
    kill -0 "${leftover##*.}" 2>/dev/null || rm -f "$leftover"
  done
  (cd "$p_directory/.canary/steps" && find . -path './*/*' -prune -o -path './*' -type d -mtime +90 \
    -exec rm -rf {} +) 2>/dev/null
}

do_stage() {
  remove_leftovers
  existing=$(release_digest "$p_version")
  if [ "$existing" = "$p_digest" ]; then
    # Whoever put it there may have died before its sync.
    sync_path "$p_directory/releases"
    prune_releases
    conclude succeeded
    return
  fi
  if [ -z "${body-}" ]; then
    rm -f "$record.started" "$record.success" "$p_directory/.canary/working"
    respond not_accepted "the release $p_version went away meanwhile: send it again"
    return
  fi
  staging=$p_directory/releases/.staging-$p_version.$$
  scratch=$p_directory/.canary/incoming/list.$$
  problem=
  if may_replace && measure_archive && list_archive && unpack_archive && inspect_tree && link_shared \
    && publish_release; then
    rm -f "$body" "$scratch"*
    prune_releases
    conclude succeeded
  else
    remove_tree "$staging"
    rm -f "$body" "$scratch"*
    conclude failed "$problem"
  fi
}

# A release of the same name that is in use stays.
may_replace() {
  target=$p_directory/releases/$p_version
  [ -e "$target" ] || [ -L "$target" ] || return 0
  what="which canary did not stage"
  [ -z "$existing" ] || what="with the other sha256 $existing"
  problem="$target exists, $what, and is"
  if [ "$(current_version)" = "$p_version" ]; then
    problem="$problem current: give the new build a version of its own"
    return 1
  fi
  case "$newline$p_protect" in
    *"$newline$p_version$newline"*)
      problem="$problem the rollback target: give the new build a version of its own"
      return 1
      ;;
  esac
  problem=
}

# Unpacked size by unpacking it, because a gzip file's own word for it can lie.
measure_archive() {
  cap=$((p_size * max_ratio + max_slack))
  unpacked=$({
    gzip -dc <"$body" 2>"$scratch.err"
    echo $? >"$scratch.status"
  } | head -c "$((cap + 1))" | wc -c)
  unpacked=$((unpacked))
  if [ "$unpacked" -gt "$cap" ]; then
    problem="the artifact unpacks to more than $cap bytes, over $max_ratio times its size: it looks like a bomb"
    return 1
  fi
  read -r gzip_status <"$scratch.status"
  if [ "$gzip_status" -ne 0 ]; then
    problem="the artifact is not a whole gzip file: $(tail -n 1 "$scratch.err")"
    return 1
  fi
  # The upload is on the disk already; what comes is the tree, with up to a block per file of overhead.
  has_room "$((unpacked * 11 / 10240))" && return 0
  problem=$lack
  return 1
}

# Refuses what a release must not have, before anything is unpacked, from the listing of the same tar that unpacks.
list_archive() {
  gzip -dc <"$body" | tar -tf - >"$scratch.names" 2>"$scratch.err" \
    && gzip -dc <"$body" | tar --numeric-owner -tvf - >"$scratch.long" 2>"$scratch.err"
  listed=$?
  if [ -s "$scratch.err" ] && grep -q 'emoving leading' "$scratch.err" 2>/dev/null; then
    problem="the archive has an absolute name or one with '..': $(head -n 1 "$scratch.err")"
    return 1
  fi
  if [ "$listed" -ne 0 ]; then
    problem="tar cannot read the archive: $(tail -n 1 "$scratch.err")"
    return 1
  fi
  if ! awk -v max="$max_entries" -v max_links="$max_links" "$listing_rules" "$scratch.names" "$scratch.long" \
    >"$scratch.verdict" 2>&1; then
    problem="cannot check the archive's listing: $(tail -n 1 "$scratch.verdict")"
    return 1
  fi
  [ -s "$scratch.verdict" ] || return 0
  problem="refused the archive: $(head -n 1 "$scratch.verdict")"
  return 1
}

# First file: names, one a line. Second: the long listing, the same entries in the same order.
# GNU tar writes control bytes and backslashes as escapes, and bytes over 127 as \2xx and \3xx; busybox writes all as
# they are, so a name with a line break takes two lines, and the second has no mode in front.
# shellcheck disable=SC2016 # awk's own variables
listing_rules='
function refuse(why) { print why; refused = 1; exit 0 }
function clean(name, parts, count, i, path) {
  count = split(name, parts, "/")
  path = ""
  for (i = 1; i <= count; i++) {
    if (parts[i] == "..") refuse("the name " name " has a .. in it")
    if (parts[i] != "" && parts[i] != ".") path = path (path == "" ? "" : "/") parts[i]
  }
  return path
}
FNR == NR { raw[FNR] = $0; next }
{
  entries = FNR
  if (entries > max) refuse("more than " max " entries")
  name = raw[FNR]
  plain = name
  gsub(/\\[23][0-7][0-7]/, "", plain)
  if (plain ~ /\\/ || plain ~ /[\001-\037\177]/) refuse("the name " name " has a backslash or a control byte in it")
  if (name == "") refuse("an empty name")
  if (substr(name, 1, 1) == "/") refuse("the name " name " is absolute")
  type = substr($0, 1, 1)
  if ($0 !~ /^.[-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT] /) refuse("no mode in the listing of " name)
  if (substr($0, 2, 9) ~ /[sS]/) refuse("the entry " name " is setuid or setgid")
  if (type == "-" || type == "d") {
    front = substr($0, 1, length($0) - length(name))
    if (substr($0, length(front) + 1) != name || index(front, " -> ") || index(front, " link to "))
      refuse("the entry " name " is a hard link")
    if (split(front, words, " ") < 4) refuse("the name before " name " has a line break in it")
  } else if (type == "l") {
    if (!index($0, " " name " -> ")) refuse("the listing of " name " makes no sense")
    if (++links > max_links) refuse("more than " max_links " symbolic links")
  } else if (type == "h") refuse("the entry " name " is a hard link")
  else refuse("the entry " name " is no file, directory or symbolic link")
  path = clean(name)
  if (path == "" && type != "d") refuse("the name " name " is that of the tree itself")
  if (path == ".canary-release") refuse("the name .canary-release is reserved")
  if (path in kind) refuse("the name " path " is there twice")
  kind[path] = type
}
END {
  if (refused) exit 0
  if (entries == 0) { print "it is empty"; exit 0 }
  if (entries in raw && (entries + 1) in raw) { print "its two listings differ"; exit 0 }
  for (path in kind) {
    count = split(path, parts, "/")
    above = ""
    for (i = 1; i < count; i++) {
      above = above (i == 1 ? "" : "/") parts[i]
      if (above in kind && kind[above] != "d") {
        print "the entry " path " goes through " above ", which is no directory"
        exit 0
      }
    }
  }
}
'

unpack_archive() {
  if [ ! -d "$p_directory/releases" ] || [ ! -d "$p_directory/shared" ]; then
    (umask "$callers_umask" && mkdir -p "$p_directory/releases" "$p_directory/shared") 2>/dev/null
  fi
  if ! (umask 022 && mkdir "$staging") 2>/dev/null; then
    problem="cannot make $staging: $(why_unwritable "$p_directory")"
    return 1
  fi
  (umask "$callers_umask" && gzip -dc <"$body" | tar -xpof - -C "$staging") 2>"$scratch.err" && return 0
  problem="cannot unpack the archive ($(head -n 1 "$scratch.err")): $(why_unwritable "$p_directory")"
  return 1
}

# The same rules again on what lies on the disk, and the targets of symbolic links.
inspect_tree() {
  odd=$(find "$staging" ! -path "$staging" \( ! -type f ! -type d ! -type l -o -type f -links +1 \
    -o -type f -perm -4000 -o -type f -perm -2000 -o -name '*\\*' \
    -o -name "*[$(printf '\001-\037\177')]*" \) -print 2>/dev/null | head -n 1)
  if [ -n "$odd" ]; then
    problem="refused the archive: ${odd#"$staging"/} is a hard link, a device, setuid or has an odd name"
    return 1
  fi
  # shellcheck disable=SC2016 # expanded by the inner shell
  odd=$(cd "$staging" && find . -type l -exec sh -c "$link_rules" sh {} + 2>/dev/null | head -n 1)
  [ -z "$odd" ] && return 0
  problem="refused the archive: the symbolic link ${odd#./} points out of the tree"
  return 1
}

# A target may climb with leading `..` only, from a real directory and never above the tree; what follows only goes
# down. Each link it passes obeys the same rule, so by induction none leads out.
# shellcheck disable=SC2016 # expanded by the inner shell
link_rules='
for link do
  target=$(readlink "$link")
  above=${link#./}
  rest=$target
  bad=
  while :; do
    case $rest in
      ../* | ..) case $above in */*) above=${above%/*} ;; *) bad=yes ;; esac ;;
      ./* | .) ;;
      *) break ;;
    esac
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    while :; do case $rest in /*) rest=${rest#/} ;; *) break ;; esac; done
  done
  case $target in "" | /*) bad=yes ;; esac
  case /$rest/ in */../*) bad=yes ;; esac
  [ -z "$bad" ] || printf "%s -> %s\n" "$link" "$target"
done
'

# Each path of shared_dir and shared_file becomes a link to the same path below <directory>/shared.
link_shared() {
  IFS=$newline
  set -f
  for shared in $p_shared_dirs; do
    link_one_shared "$shared" directory || break
  done
  for shared in $p_shared_files; do
    [ -z "$problem" ] || break
    link_one_shared "$shared" file || break
  done
  unset IFS
  set +f
  [ -z "$problem" ]
}

link_one_shared() {
  kept=$p_directory/shared/$1
  if [ "$2" = directory ]; then
    (umask "$callers_umask" && mkdir -p "$kept") 2>/dev/null
    [ -d "$kept" ] || problem="cannot make the shared directory $kept: $(why_unwritable "$p_directory")"
  else
    [ -e "$kept" ] || problem="the shared file $kept is missing on this host: put it there, then try again"
  fi
  [ -z "$problem" ] || return 1
  up=../../shared
  above=$1
  walked=$staging
  while :; do
    case $above in */*) ;; *) break ;; esac
    walked=$walked/${above%%/*}
    above=${above#*/}
    up=../$up
    if [ -L "$walked" ] || { [ -e "$walked" ] && [ ! -d "$walked" ]; }; then
      problem="the archive has ${walked#"$staging"/} as something else than a directory, so $1 cannot be shared in it"
      return 1
    fi
    [ -d "$walked" ] || (umask 022 && mkdir "$walked") 2>/dev/null
  done
  remove_tree "$staging/$1"
  ln -s "$up/$1" "$staging/$1" 2>/dev/null && return 0
  problem="cannot link $1 into the release: $(why_unwritable "$p_directory")"
  return 1
}

# The manifest is the last file, the rename the last act: a release with a manifest in releases/ is complete.
publish_release() {
  target=$p_directory/releases/$p_version
  chmod u+rwx "$staging" 2>/dev/null
  if ! printf 'version %s\ndigest %s\n' "$p_version" "$p_digest" 2>/dev/null >"$staging/.canary-release"; then
    problem="cannot write the manifest of the release: $(why_unwritable "$p_directory")"
    return 1
  fi
  chmod 644 "$staging/.canary-release"
  sync_tree "$staging"
  if [ -e "$target" ] || [ -L "$target" ]; then
    mv -fT "$target" "$p_directory/releases/.old-$p_version.$$" 2>/dev/null
  fi
  if ! mv -fT "$staging" "$target" 2>"$scratch.err"; then
    problem="cannot rename the release into place: $(tail -n 1 "$scratch.err")"
    return 1
  fi
  sync_path "$p_directory/releases"
  remove_tree "$p_directory/releases/.old-$p_version.$$"
}

# Keeps the newest complete releases, at most p_keep, and whatever else must stay.
prune_releases() {
  current=$(current_version)
  kept=0
  # Only names of ours pass is_name, so reading the output of ls is safe.
  # shellcheck disable=SC2012
  ls -1td "$p_directory"/releases/*/.canary-release 2>/dev/null | while IFS= read -r manifest; do
    version=${manifest%/.canary-release}
    version=${version##*/}
    is_name "$version" || continue
    [ -n "$(release_digest "$version")" ] || continue
    kept=$((kept + 1))
    [ "$kept" -gt "$p_keep" ] || continue
    case "$version" in "$p_version" | "$current") continue ;; esac
    case "$newline$p_protect" in *"$newline$version$newline"*) continue ;; esac
    # Renamed first: a release that is half removed must not look complete.
    mv -fT "$p_directory/releases/$version" "$p_directory/releases/.old-$version.$$" 2>/dev/null || continue
    remove_tree "$p_directory/releases/.old-$version.$$"
  done
}
