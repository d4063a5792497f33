internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Draws frames over each other in place. It gives the bytes of each frame, to be written in one go; control sequences
/// are those of ECMA-48 and DECTCEM that every terminal with a cursor knows.
struct LiveTerminal {
  struct Size: Hashable, Sendable {
    var columns: Int
    var rows: Int
    static let usual = Size(columns: 80, rows: 24)
  }

  private static let hideCursor = "\u{1B}[?25l"
  private static let showCursor = "\u{1B}[?25h"
  private static let eraseLine = "\u{1B}[K"
  private static let eraseBelow = "\u{1B}[J"

  private let descriptor: Int32
  private var drawn: [String] = []
  private var size: Size?

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// What of a terminal of `size` a frame may fill: the last column stays free, since a cursor behind it is nowhere,
  /// and the last row, since the cursor rests there.
  static func room(_ size: Size) -> (width: Int, height: Int) { (max(1, size.columns - 1), max(1, size.rows - 1)) }

  /// True where frames can be drawn in place.
  static func isSupported(isTerminal: Bool, term: String) -> Bool { isTerminal && !term.isEmpty && term != "dumb" }

  /// The bytes that put `lines` where the last frame was. Lines that did not change are passed over.
  mutating func frame(_ lines: [String], size: Size) -> String {
    var bytes = ""
    if drawn.isEmpty {
      CursorGuard.hidden(on: descriptor)
      bytes += Self.hideCursor
    }
    let isResized = self.size != nil && self.size != size
    bytes += toTop(size)
    if isResized { bytes += Self.eraseBelow }
    for (index, line) in lines.enumerated() {
      let isSame = !isResized && drawn.indices.contains(index) && drawn[index] == line
      bytes += isSame ? "\r\n" : line + Self.eraseLine + "\r\n"
    }
    if drawn.count > lines.count { bytes += Self.eraseBelow }
    drawn = lines
    self.size = size
    return bytes
  }

  /// The bytes that take the frame away, so that something else can be written where it stood.
  mutating func clear(size: Size) -> String {
    guard !drawn.isEmpty else { return "" }
    let bytes = toTop(size) + Self.eraseBelow + Self.showCursor
    drawn = []
    CursorGuard.shown()
    return bytes
  }

  /// The bytes that leave the frame where it is and give the cursor back.
  mutating func leave() -> String {
    guard size != nil else { return "" }
    drawn = []
    size = nil
    CursorGuard.shown()
    return Self.showCursor
  }

  /// Back to the frame's first line. A terminal that became narrower broke the old lines in two: those count double.
  private func toTop(_ size: Size) -> String {
    guard !drawn.isEmpty else { return "\r" }
    let rows = drawn.reduce(0) { $0 + max(1, (Self.columns($1) + size.columns - 1) / max(1, size.columns)) }
    return "\r\u{1B}[\(min(rows, max(1, size.rows - 1)))A"
  }

  /// Columns of a line without its colours.
  private static func columns(_ line: String) -> Int {
    var text = ""
    var isInSequence = false
    for scalar in line.unicodeScalars {
      if isInSequence {
        isInSequence = scalar != "m"
      } else if scalar == "\u{1B}" {
        isInSequence = true
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return DisplayText.width(text)
  }

  /// The size of the terminal behind `descriptor` now; nil when it has none.
  static func size(of descriptor: Int32) -> Size? {
    var window = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else { return nil }
    return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
  }
}

/// Gives the cursor back when the process exits while it is hidden.
private enum CursorGuard {
  private static let none: Int32 = -1
  private static let descriptor = Atomic<Int32>(none)
  private static let registered: Bool = atexit { CursorGuard.restore() } == 0

  static func hidden(on descriptor: Int32) {
    _ = registered
    Self.descriptor.store(descriptor, ordering: .releasing)
  }

  static func shown() { descriptor.store(none, ordering: .releasing) }

  private static func restore() {
    let open = descriptor.exchange(none, ordering: .acquiringAndReleasing)
    guard open != none else { return }
    let bytes: [UInt8] = Array("\u{1B}[?25h".utf8)
    #if canImport(Glibc)
      _ = Glibc.write(open, bytes, bytes.count)
    #else
      _ = Musl.write(open, bytes, bytes.count)
    #endif
  }
}
