/// Documents made to be slow, deep or misleading, for tests and for measuring how long an answer takes.
public enum HostileDocuments {
  public struct Document: Sendable, CustomStringConvertible {
    public let name: String
    public let bytes: [UInt8]
    public var description: String { name }
    init(_ name: String, _ text: String) {
      self.name = name
      bytes = Array(text.utf8)
    }
  }

  /// The largest size that is read.
  public static let size = 256 * 1024

  /// Shapes that fill the largest size.
  public static var large: [Document] { scalars + collections + keys + errors + fleets + marks + atTheLimit }

  /// Hosts files that fill the largest size.
  public static var largeHosts: [Document] {
    [
      Document("hosts", filled("", { "web\($0).example.net zone=z\($0 % 3) port=8080\n" })),
      Document("short hosts", filled("", { "w\($0)\n" })),
      Document("one host again and again", filled("", { _ in "w\n" })),
      Document("items", filled("", { $0 % 500 == 0 ? "\nw\($0)" : " a\($0)=1" })),
      Document("wrong hosts", filled("", { _ in "-\n" })),
      Document("comments", filled("w\n", { _ in "#\n" })),
    ]
  }

  /// As many values as are read, and comments up to the largest size.
  private static var atTheLimit: [Document] {
    [
      counted("whole fleet", head + "instances:\n", 3300) { "- {host: web\($0).example.net, zone: z\($0 % 3)}\n" },
      counted("fleet without flow", head + "instances:\n", 6600) { "- host: web\($0).example.net\n" },
      counted("all labels", head + "instances:\n- host: b\n- host: a\n  labels:\n", 9900) { "    l\($0): 1\n" },
      counted("all waves", head + "instances: [{host: a}, {host: b}]\nwaves:\n", 9900) { _ in "- 1%\n" },
      counted("all unknown", head, 9900) { "max_unavailable\($0): 1\n" },
      counted("full lines", head + "instances: [{host: a}, {host: b}]\nwaves: [\n", 9900) {
        $0 == 9899 ? "é]\n" : $0 % 2700 == 2699 ? "é,\n" : "é,"
      },
      counted("all checks", fleet(800) + "checks:\n", 1000) {
        "- {name: c\($0), graphite: {url: \"http://g\"}, rate: \"{host}.{zone}.r\($0)\"}\n"
      },
      counted("all checks alike", fleet(800) + "metrics: {command: [a]}\nchecks:\n", 3500) {
        "- {name: c\($0), rate: \"/{zone}\"}\n"
      },
      counted("all changes", fleet(1) + "checks:\n- include: a.yaml\n  with:\n", 4900) {
        "    c\($0): {muted: true}\n"
      },
      counted("all arguments", head + "instances: [{host: a, labels: {x: [\n", 9900) { _ in "a,\n" },
    ]
  }

  private static func fleet(_ count: Int) -> String {
    head + "instances:\n" + (0..<count).map { "- {host: web\($0), zone: z\($0 % 3)}\n" }.joined()
  }

  private static func counted(_ name: String, _ start: String, _ count: Int, _ unit: (Int) -> String) -> Document {
    Document(name, filled(start + (0..<count).map(unit).joined(), { _ in "# filler\n" }))
  }

  /// A complete policy, onto which shapes are put.
  public static let head = """
    service: checkout
    transport: {local: {}}
    release: {artifact: "dist/{version}.tar.gz", directory: /srv/checkout}
    probes: [{tcp: "{host}:80"}]

    """

  private static func filled(_ start: String, _ unit: (Int) -> String, _ end: String = "") -> String {
    var text = start
    var number = 0
    while true {
      let next = unit(number)
      guard text.utf8.count + next.utf8.count + end.utf8.count <= size else { return text + end }
      text += next
      number += 1
    }
  }

  private static var scalars: [Document] {
    [
      Document("one plain value", filled("service: ", { _ in "a" })),
      Document("one quoted value", filled("service: \"", { _ in "a" }, "\"")),
      Document("open quote over all lines", filled("service: \"", { _ in "a\n  " })),
      Document("plain value over all lines", filled("service: a\n", { _ in "  a\n" })),
      Document("escapes", filled("", { "k\($0): \"\\x41\\x41\\x41\\x41\\x41\\x41\\x41\\x41\"\n" })),
      Document("blank lines", filled(head, { _ in "\n" })),
      Document("comments", filled(head, { _ in "# a comment\n" })),
      Document("comment marks", filled("service: a", { _ in " #" })),
      Document("spaces", filled("service: a", { _ in " " })),
      Document("block text", filled("service: |\n", { _ in "  line\n" })),
    ]
  }

  private static var collections: [Document] {
    [
      Document("open brackets", filled("service: ", { _ in "[" })),
      Document("open braces", filled("service: ", { _ in "{a: " })),
      Document("open brackets in lines", filled("service:\n", { _ in "  [\n" })),
      Document("nested dashes", filled("", { _ in "- " })),
      Document("nested indentation", filled("", { String(repeating: " ", count: $0) + "a:\n" })),
      Document("pairs of brackets", filled("waves: [", { _ in "[]," }, "]")),
      Document("pairs of brackets in lines", filled("waves: [\n", { _ in "[],[],[]\n,\n" }, "]")),
      Document("short items", filled(head + "waves:\n", { _ in "- 1\n" })),
      Document("short items in a flow", filled(head + "waves: [\n", { _ in "1,1,1,1,1,1,1,1,\n" }, "]")),
      Document("empty items", filled(head + "waves:\n", { _ in "-\n" })),
      Document("commas", filled(head + "waves: [\n", { _ in ",,,,,,,,,,\n" }, "]")),
    ]
  }

  private static var keys: [Document] {
    [
      Document("different unknown keys", filled(head, { "key\($0): 1\n" })),
      Document("one key again and again", filled(head, { _ in "keep: 1\n" })),
      Document("labels", filled(head + "instances:\n- host: a\n  labels:\n", { "    l\($0): 1\n" })),
      Document("labels in a flow", filled(head + "instances: [{host: a, labels: {\n", { "l\($0): 1,\n" }, "}}]")),
      Document("empty keys", filled(head, { _ in ": \n" })),
      Document("question marks", filled(head, { _ in "? a\n" })),
      Document("colons", filled("service: ", { _ in "a:" })),
      Document("keys that look alike", filled(head, { "servic\($0 % 10)\($0): 1\n" })),
      Document("keys in one line", filled("", { _ in "a: " })),
    ]
  }

  private static var errors: [Document] {
    [
      Document("wrong durations", filled(head, { _ in "min_healthy_time: 10\n" })),
      Document("wrong waves", filled(head + "waves:\n", { _ in "- x\n" })),
      Document("probes without anything", filled(head + "probes:\n", { _ in "- {}\n" })),
      Document("wrong hosts", filled(head + "instances:\n", { _ in "- {host: -a}\n" })),
      Document(
        "unknown templates", filled(head + "checks:\n", { "- {name: c\($0), scrape: \"http://{x}/\", gauge: g}\n" })),
    ]
  }

  private static var fleets: [Document] {
    [
      Document("fleet", filled(head + "instances:\n", { "- {host: web\($0).example.net, zone: z\($0 % 3)}\n" })),
      Document("fleet of short names", filled(head + "instances:\n", { "- {host: w\($0)}\n" })),
      Document("one host again and again", filled(head + "instances:\n", { _ in "- {host: web1}\n" })),
      Document(
        "fleet and canary",
        filled(head + "instances: [{host: a}, {host: b}]\ncanary:\n  hosts:\n", { "  - web\($0)\n" })),
    ]
  }

  private static var marks: [Document] {
    [
      Document("anchors", filled("service: ", { _ in "&a " })),
      Document("aliases", filled("waves:\n", { _ in "- *a\n" })),
      Document("tags", filled("waves:\n", { _ in "- !a\n" })),
      Document("tabs", filled("service: a\n", { _ in "\tb: c\n" })),
      Document("documents", filled("", { _ in "---\n" })),
      Document("carriage returns", filled("service: a", { _ in "\r" })),
      Document("nothing but zeros", filled("", { _ in "\0" })),
      Document("invisible lines", filled("service: a #", { _ in "\u{2028}*a" })),
      Document("wide characters", filled("", { "k\($0): \"ééééééééééééééé\u{1F600}\"\n" })),
    ]
  }

  /// A small file that takes exponential time where an alias may stand as a key.
  public static let aliasBomb = Document(
    "alias keys",
    "a0: &a0 {x: y}\n" + (1...24).map { "a\($0): &a\($0) {? *a\($0 - 1) : *a\($0 - 1)}\n" }.joined())

  public static func brackets(_ count: Int) -> Document {
    Document("\(count) brackets", "service: " + String(repeating: "[", count: count))
  }
}
