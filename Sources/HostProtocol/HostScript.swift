import Crypto
public import RolloutCore

/// The program that works on a host: one POSIX `sh` script, addressed by its digest, put there once.
public enum HostScript {
  /// The script's bytes: three files that are one program.
  public static let source: [UInt8] =
    PackageResources.canary_host_sh + PackageResources.canary_stage_sh + PackageResources.canary_serve_sh

  /// SHA-256 of `source`.
  public static let digest: RolloutCore.Digest = {
    let hex: [UInt8] = SHA256.hash(data: source).flatMap { [hexDigit($0 >> 4), hexDigit($0 & 15)] }
    return RolloutCore.Digest(String(decoding: hex, as: UTF8.self))
  }()

  /// What goes to the standard input of `bootstrapCommand` after it said `BootstrapAnswer.absent`: the script and the
  /// line that ends it. Requests may follow at once.
  public static var upload: [UInt8] { source + Array((endOfScript + "\n").utf8) }

  /// Line that ends an upload. The script has no such line.
  static let endOfScript = "canary-bootstrap-end"

  /// A command for a remote login shell of any kind (sh, csh, fish): one line in single quotes without `!`, and nothing
  /// in it but `digest` varies. It runs the script stored under that digest after checking it, or says that it is
  /// absent, reads it from standard input, checks, stores and runs it. The script lives in `~/.canary`, or in a
  /// directory of the user's own under `$TMPDIR` where the home directory cannot be written.
  ///
  /// It is a program for `sh -c` too: `exec` replaces the outer shell. A digest that is not 64 lower-case hexadecimal
  /// digits gives a command that refuses to do anything.
  public static func bootstrapCommand(digest: RolloutCore.Digest = digest) -> String {
    let isDigest = digest.text.utf8.count == 64 && digest.text.utf8.allSatisfy { isLowerHex($0) }
    let program = bootstrapProgram(digest: isDigest ? digest.text : "invalid")
    return "exec sh -c '" + program + "'"
  }

  /// POSIX sh on one line, without single quotes, `!` or a backslash but in `\n`.
  static func bootstrapProgram(digest: String) -> String {
    [
      "umask 077; d=\(digest); u=$(id -u)",
      #"own() { test "$(find "$1" -prune -type d -user "$u" -perm 700 2>/dev/null)" = "$1"; }"#,
      #"good() { s=$(sha256sum <"$1" 2>/dev/null); test "${s%% *}" = "$d"; }"#,
      #"fail() { printf "%s\n" "canary-bootstrap failed $1"; exit 1; }"#,
      #"h=${HOME:-/}/.canary; t=${TMPDIR:-/tmp}/.canary-$u"#,
      #"for b in "$h" "$t"; do f=$b/host-$d.sh"#,
      #"if own "$b" && good "$f"; then echo canary-bootstrap present; exec sh "$f"; fi; done"#,
      #"echo canary-bootstrap absent; b="#,
      #"for c in "$h" "$t"; do mkdir -p "$c" 2>/dev/null; chmod 700 "$c" 2>/dev/null"#,
      #"if own "$c" && true 2>/dev/null >"$c/write.$$"; then b=$c; rm -f "$c/write.$$"; break; fi; done"#,
      #"test -n "$b" || fail "neither $h nor $t is a writable directory of this user: make one, mode 700""#,
      #"n=$b/new.$$; e="#,
      #"while IFS= read -r l; do if test "$l" = \#(endOfScript); then e=1; break; fi; printf "%s\n" "$l"; done >"$n""#,
      #"test -n "$e" || { rm -f "$n"; fail "the script ended early: try again"; }"#,
      #"good "$n" || { rm -f "$n"; fail "the script in $b is not what was sent; is the disk full?"; }"#,
      #"f=$b/host-$d.sh; mv -f "$n" "$f" || fail "cannot write $f""#,
      #"find "$b" -type f -name "host-*.sh" -mtime +30 -exec rm -f {} +; exec sh "$f""#,
    ].joined(separator: "; ").replacing("do; ", with: "do ")
  }
}

func isLowerHex(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

private func hexDigit(_ nibble: UInt8) -> UInt8 {
  nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}
