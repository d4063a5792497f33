/// A function of the host's script that changes the disk: a row of the matrix. `KillMatrixTests` reads the script and
/// demands that none is missing here and that none has got another write; the cells are the calls that a rollout makes.
public struct HostWriteSite: Sendable {
  /// The function's name.
  public var function: String
  /// How many of its lines change the disk, or call a function that does.
  public var lines: Int
  /// What its calls look like, as regular expressions of `operation place`; empty where all are those of functions that
  /// it calls.
  var calls: [String]
  /// What tests it where no rollout of the matrix passes it.
  public var elsewhere: String?

  init(_ function: String, _ lines: Int, _ calls: [String] = [], elsewhere: String? = nil) {
    (self.function, self.lines, self.calls, self.elsewhere) = (function, lines, calls, elsewhere)
  }

  public var row: String { "host \(function)" }

  private static let within = "writes only through functions that have rows"

  /// The first that fits a call is its row.
  public static let all: [HostWriteSite] = [
    HostWriteSite("receive_artifact", 2, [#"open \.canary/incoming/ID$"#]),
    HostWriteSite("do_stage", 5, [#"unlink \.canary/incoming/ID$"#, #"unlink \.canary/incoming/list"#]),
    HostWriteSite("measure_archive", 2, [#"list\.(err|status)$"#]),
    HostWriteSite("list_archive", 3, [#"list\.(names|long|verdict)$"#]),
    HostWriteSite("link_one_shared", 4, [#"symlink releases/\.staging"#, #"mkdir (shared.*)?$"#]),
    HostWriteSite(
      "publish_release", 8,
      [
        #"(open|write|chmod) releases/\.staging-[0-9]+/\.canary-release"#, #"(chmod|sync) releases/\.staging-[0-9.]+$"#,
        #"rename releases/[0-9]"#, #"sync releases$"#,
      ]),
    HostWriteSite("unpack_archive", 3, [#"(mkdir|open|write|chmod) releases/\.staging"#, "mkdir releases$"]),
    HostWriteSite("prune_releases", 2, [#"rename releases/\.old"#]),
    HostWriteSite("remove_tree", 3, [#"unlink releases/\.old"#, #"unlink \.canary/current\.new$"#]),
    HostWriteSite("do_activate", 4, [#"(symlink|rename) (\.canary/)?current"#, "sync $"]),
    HostWriteSite("run_command", 1, [#"open .*\.output$"#]),
    HostWriteSite("keep_failure", 3, [#"\.outcome\.new$"#, #"unlink .*\.(success|output)$"#]),
    HostWriteSite("keep_success", 2, [#"rename .*\.outcome$"#, #"sync \.canary/steps/ID$"#]),
    HostWriteSite("conclude", 3, [#"unlink \.canary/working$"#]),
    HostWriteSite("claim", 1, [#"/host(\.new)?$"#, #"service(\.new)?$"#]),
    HostWriteSite(
      "replace_both", 5,
      [
        #"(open|write|sync|rename) .*(fence|\.started)(\.new)?$"#, #"sync .*\.success$"#, #"sync \.canary$"#,
      ]),
    HostWriteSite("accept_key", 6, [#"(open|write) \.canary/working$"#, #"\.success$"#, #"mkdir \.canary/steps"#]),
    HostWriteSite("prepare_ledger", 4, [#"chmod \.canary$"#, #"mkdir \.canary(/incoming)?$"#]),
    HostWriteSite("write_fence", 1, elsewhere: "as the row `host bind_step`"),
    HostWriteSite("replace", 3, elsewhere: within),
    HostWriteSite("sync_path", 1, elsewhere: within),
    HostWriteSite("sync_tree", 1, elsewhere: within),
    HostWriteSite("bind_step", 1),
    HostWriteSite("settle_step", 1, elsewhere: "opens the lock alone"),
    HostWriteSite("with_key", 1, elsewhere: "opens the lock alone"),
    HostWriteSite("locked_key", 1, elsewhere: "as the row `host bind_step`"),
    HostWriteSite("serve_stage", 1, elsewhere: "removes an upload that was not needed: `remove_leftovers` would"),
    HostWriteSite("remove_leftovers", 3, elsewhere: "every cell of `host receive_artifact` that repeats its stage"),
    HostWriteSite("answer_check", 2, elsewhere: "a probe's temporary file: TransportTests"),
  ]

  /// The row of a call; nil for one that no site claims.
  static func row(of call: HostCall) -> String? {
    let text = "\(call.operation) \(call.place)"
    for site in all {
      for pattern in site.calls where (try? Regex(pattern).firstMatch(in: text)) ?? nil != nil { return site.row }
    }
    return nil
  }
}
