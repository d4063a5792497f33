/// A ustar archive, entry by entry, with nothing refused: hostile ones can be made of it.
struct TarWriter {
  struct Entry {
    var name: String
    var type: Character = "0"
    var link = ""
    var mode = 0o644
    var content: [UInt8] = []
    /// Size in the header where it differs from the content's.
    var claimedSize: Int?

    static func file(_ name: String, _ text: String = "content\n", mode: Int = 0o644) -> Self {
      Self(name: name, mode: mode, content: Array(text.utf8))
    }
    static func directory(_ name: String, mode: Int = 0o755) -> Self { Self(name: name, type: "5", mode: mode) }
    static func link(_ name: String, to target: String) -> Self {
      Self(name: name, type: "2", link: target, mode: 0o777)
    }
    static func hardLink(_ name: String, to target: String) -> Self { Self(name: name, type: "1", link: target) }
    /// A GNU long name or link (`L`, `K`) for the entry that follows.
    static func gnuLong(_ type: Character, _ text: String) -> Self {
      Self(name: "././@LongLink", type: type, content: Array(text.utf8) + [0])
    }
    /// A pax header (`x` for the entry that follows, `g` for all).
    static func pax(_ key: String, _ value: String, type: Character = "x") -> Self {
      let body = " \(key)=\(value)\n"
      var length = body.utf8.count + 1
      while String(length).utf8.count + body.utf8.count > length { length += 1 }
      return Self(name: "PaxHeaders/x", type: type, content: Array("\(length)\(body)".utf8))
    }
  }

  static func archive(_ entries: [Entry]) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
      bytes += header(entry)
      bytes += entry.content
      bytes += [UInt8](repeating: 0, count: (512 - entry.content.count % 512) % 512)
    }
    return bytes + [UInt8](repeating: 0, count: 1024)
  }

  private static func header(_ entry: Entry) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int, width: Int) {
      for (index, byte) in text.utf8.prefix(width).enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int, width: Int) -> String {
      let digits = String(value, radix: 8)
      return String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits
    }
    put(entry.name, at: 0, width: 100)
    put(octal(entry.mode, width: 8), at: 100, width: 8)
    put(octal(0, width: 8), at: 108, width: 8)
    put(octal(0, width: 8), at: 116, width: 8)
    put(octal(entry.claimedSize ?? entry.content.count, width: 12), at: 124, width: 12)
    put(octal(1_700_000_000, width: 12), at: 136, width: 12)
    put("        ", at: 148, width: 8)
    put(String(entry.type), at: 156, width: 1)
    put(entry.link, at: 157, width: 100)
    put("ustar", at: 257, width: 6)
    put("00", at: 263, width: 2)
    put("somebody else", at: 265, width: 32)
    put("group", at: 297, width: 32)
    put(octal(1, width: 8), at: 329, width: 8)
    put(octal(3, width: 8), at: 337, width: 8)
    let sum = block.reduce(0) { $0 + Int($1) }
    put(octal(sum, width: 7) + "\0 ", at: 148, width: 8)
    return block
  }
}
