extension DiagnosticExplanation {
  static let file: [DiagnosticCode: DiagnosticExplanation] = [
    .fileTooLarge: Self(
      "the file is larger than 256 KiB",
      """
      A policy of that size is almost always a list of hosts. The limit keeps every answer under 50 ms, also for files
      made to be slow. Put the hosts into a file of their own, one a line.
      """,
      right: "instances: {file: hosts.txt}"),
    .notUTF8: Self(
      "the file is not UTF-8 text",
      "Policies are UTF-8. Other encodings would make two people read two different host names. Convert the file."),
    .byteOrderMark: Self(
      "the file has a byte order mark",
      "Some editors put U+FEFF at the start of a file. It is invisible and would become a part of the first key."),
    .controlCharacter: Self(
      "an invisible character",
      """
      Control characters, line separators and marks that turn the direction of writing are refused everywhere, also
      when written as an escape: no host name, path or argument needs one, and a reader would not see what is run.
      A command of several lines belongs in a script that is part of the release.
      """,
      wrong: "service: \"check\\u0000out\"", right: "service: checkout"),
    .tab: Self(
      "a tab", "YAML counts indentation in spaces, and a tab has no agreed width.",
      wrong: "burn_in:\n\tmin: 10m", right: "burn_in:\n  min: 10m"),
    .lineTooLong: Self(
      "a line of more than 8192 bytes", "No value is that long, and lists read better with one item a line."),
    .tooManyValues: Self(
      "more than 20000 values",
      "The number of keys and values is bounded so that every file is answered quickly. Put hosts into a file.",
      right: "instances: {file: hosts.txt}"),
    .nestedTooDeeply: Self(
      "more than 32 collections within one another",
      "A policy is at most seven deep. The bound protects the stack of the process that reads it.",
      wrong: "waves: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", right: "waves: [1]"),
    .emptyFile: Self(
      "the file has no content", "There is nothing in it but comments and blank lines."),
    .moreProblems: Self(
      "more problems than are shown",
      "After 50 problems the rest is only counted. Repair the first ones: the others often follow from them."),
  ]

  static let syntax: [DiagnosticCode: DiagnosticExplanation] = [
    .invalidYAML: Self(
      "not valid YAML",
      "The text cannot be read as YAML. The place is where reading failed; the cause is often in the line above.",
      wrong: "service: \"check\\qout\"", right: "service: checkout"),
    .anchor: Self(
      "an anchor (`&name`)",
      """
      A policy says what happens on hosts. It must be readable from top to bottom, so values are written where they are
      used. Text that starts with `&` needs quotes.
      """,
      wrong: "burn_in: &times {min: 10m, max: 1h}", right: "burn_in: {min: 10m, max: 1h}"),
    .alias: Self(
      "an alias (`*name`)",
      "Values are written where they are used; aliases also let a small file take very long to read.",
      wrong: "max_unavailable: *one", right: "max_unavailable: 1"),
    .tag: Self(
      "a tag (`!name`)", "The key decides what type a value has, so that a tag could only contradict it.",
      wrong: "service: !!str checkout", right: "service: checkout"),
    .mergeKey: Self(
      "a merge key (`<<`)", "Keys are written out where they are used, so that a reader sees all of them.",
      wrong: "burn_in: {<<: {min: 5m}, max: 1h}", right: "burn_in: {min: 5m, max: 1h}"),
    .secondDocument: Self(
      "a second document", "One file holds one policy: `---` may only stand before it, `...` not at all.",
      wrong: "max_failures: 0\n---\nmax_failures: 1", right: "max_failures: 1"),
    .directive: Self(
      "a YAML directive", "Lines that start with `%` change how YAML is read. Policies are read in one way only.",
      wrong: "%YAML 1.1", right: "max_failures: 0"),
    .blockText: Self(
      "text of several lines (`|` or `>`)",
      """
      Every value of a policy stands on one line. Commands are lists of arguments; a script of several lines belongs in
      a file that is part of the release.
      """,
      wrong: "release:\n  restart: |\n    systemctl restart checkout",
      right: "release:\n  artifact: \"dist/{version}.tar.gz\"\n  directory: /srv/app\n"
        + "  restart: [systemctl, restart, checkout]"),
    .severalLines: Self(
      "a value that goes on in a second line",
      "YAML would join the lines with a space. It is more often a key that lost its colon or its indentation.",
      wrong: "rollback:\n  forward_only\n  please", right: "rollback: required"),
    .openQuote: Self(
      "a quote that is not closed", "A quoted value ends on the line on which it starts.",
      wrong: "service: \"checkout", right: "service: \"checkout\""),
    .unmatchedBracket: Self(
      "a bracket without its partner", "Each `[` needs a `]`, each `{` a `}`. Text that starts with one needs quotes.",
      wrong: "waves: [25%, 100%}", right: "waves: [25%, 100%]"),
    .indentation: Self(
      "indentation that fits no line above",
      "Keys of one mapping start in one column; what belongs to a key is indented deeper than the key.",
      wrong: "burn_in:\n    min: 10m\n  max: 1h", right: "burn_in:\n  min: 10m\n  max: 1h"),
    .missingColon: Self(
      "a line without `key: `", "A key is followed by a colon and a space.",
      wrong: "max_failures:0", right: "max_failures: 0"),
    .secondColon: Self(
      "a second `key:` on one line", "YAML takes `: ` for the end of a key. Text that contains it needs quotes.",
      wrong: "service: check: out", right: "service: checkout"),
    .complexKey: Self(
      "a key that is more than a name", "Keys are plain names: not `? `, not a list, not a mapping, not empty.",
      wrong: "[service]: checkout", right: "service: checkout"),
    .reservedCharacter: Self(
      "a character that cannot start a value", "YAML reserves `@`, `%`, `,` and the backquote at the start of a value.",
      wrong: "service: @checkout", right: "service: checkout"),
    .missingSeparator: Self(
      "text after the end of a value",
      "In brackets and braces a comma is missing, or quotes: text with `{`, `}`, `[`, `]` or `,` needs them there.",
      wrong: "probes: [{http: http://{host}:8080/}]", right: "probes: [{http: \"http://{host}:8080/\"}]"),
  ]
}
