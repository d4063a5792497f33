import Foundation
import RolloutCore
import Testing

@testable import CanaryCommands

@Suite struct TextTests {
  @Test func timesAreThoseOfTheCalendar() {
    let formatter = ISO8601DateFormatter()
    for seconds in [0, 1, 951_782_400, 951_868_799, 1_709_164_800, 1_795_262_400, 4_102_444_799, 32_503_680_000, -1] {
      let time = Timestamp(milliseconds: Int64(seconds) * 1000)
      #expect(TimeWords.utc(time) == formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
    }
    #expect(TimeWords.precise(Timestamp(milliseconds: 1_795_262_400_007)) == "2026-11-21T12:00:00.007Z")
    for absurd in [Int64.min, .max] {
      let text = TimeWords.utc(Timestamp(milliseconds: absurd))
      #expect(text.hasPrefix("0000-01-01") || text.hasPrefix("9999-12-31"))
    }
  }

  @Test func lengths() {
    let lengths = [(0, "0s"), (59, "59s"), (60, "1m"), (250, "4m10s"), (3600, "1h"), (7500, "2h05m"), (90_000, "1d1h")]
    for (seconds, text) in lengths { #expect(TimeWords.length(.seconds(Int64(seconds))) == text) }
    #expect(TimeWords.length(.seconds(-5)) == "0s")
    #expect(TimeWords.until(World.start + .seconds(250), now: World.start) == "in 4m10s")
    #expect(TimeWords.until(World.start, now: World.start + .seconds(9)) == "any moment")
  }

  @Test func figures() {
    let figures: [(Double?, String)] = [
      (nil, "–"), (.nan, "–"), (.infinity, "–"), (0, "0"), (0.00412, "0.00412"), (0.5, "0.5"), (3.0712, "3.07"),
      (41.55, "41.6"), (1234, "1234"), (-2.5, "-2.5"), (1e300, "1e+300"), (0.9999, "1"),
      (-1.1102230246251565e-16, "0"), (9e-7, "0.0000009"), (-0.0, "0"), (0.0000123, "0.0000123"),
    ]
    for (value, text) in figures { #expect(Figures.short(value) == text) }
    #expect(Figures.bar(1, of: 2, columns: 4) == "██░░")
    #expect(Figures.bar(.nan, of: 2, columns: 4) == "░░░░")
    #expect(Figures.bar(9, of: 0, columns: 4) == "░░░░")
  }

  @Test func anArrayIsALinePerElementAndAnObjectIsOneLine() {
    let item = JSONText.object([("a", .array([1, .array([]), "x, [y] \\ \" }\n"])), ("b", .object([("c", .null)]))])
    for items in [[], [item], [item, 2, item, .array([item])]] as [[JSONText]] {
      let lines = items.map(\.line).joined(separator: "\n")
      #expect(JSONLines.folded(JSONText.array(items).document) == lines)
    }
    #expect(JSONLines.folded(item.document) == item.line)
  }

  @Test func cleanTextHidesNothingAndActsOnNothing() {
    #expect(DisplayText.clean("a\u{1B}[31mb") == "a␛[31mb")
    #expect(DisplayText.clean("a\nb\tc\u{2028}d") == "a b c d")
    #expect(DisplayText.clean("\u{202E}abc\u{200B}") == "\u{FFFD}abc\u{FFFD}")
    #expect(DisplayText.clean("\u{301}x") == "\u{FFFD}x")
    #expect(DisplayText.clean("\u{7F}\u{9B}") == "␡\u{FFFD}")
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let bytes = (0..<40).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      let clean = DisplayText.clean(String(decoding: bytes, as: UTF8.self))
      for scalar in clean.unicodeScalars {
        let category = scalar.properties.generalCategory
        #expect(category != .control && category != .format)
      }
      for columns in 0...12 { #expect(DisplayText.width(DisplayText.fit(clean, columns: columns)) <= columns) }
    }
  }

  @Test func widths() {
    for (text, width) in [("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("👍", 2), ("→✔", 2), ("", 0), ("한", 2)] {
      #expect(DisplayText.width(text) == width, "\(text)")
    }
    #expect(DisplayText.fit("漢字漢字", columns: 4) == "漢…")
  }

  @Test func colourMatrix() {
    let xterm = ["TERM": "xterm-256color", "LANG": "en_US.UTF-8"]
    func colour(_ isTerminal: Bool, _ more: [String: String]) -> Bool {
      Palette.forStream(isTerminal: isTerminal, environment: xterm.merging(more) { $1 }).colour
    }
    #expect(colour(true, [:]))
    #expect(!colour(false, [:]))
    #expect(!colour(true, ["NO_COLOR": "1"]))
    #expect(colour(true, ["NO_COLOR": ""]))
    #expect(!colour(true, ["TERM": "dumb"]))
    #expect(!colour(true, ["TERM": ""]))
    #expect(colour(false, ["CLICOLOR_FORCE": "1"]))
    #expect(!colour(false, ["CLICOLOR_FORCE": "0"]))
    #expect(!colour(true, ["NO_COLOR": "1", "CLICOLOR_FORCE": "1"]))
    #expect(Palette(colour: false).paint("x", .bad) == "x")
    #expect(Palette(colour: true).paint("x", .bad) == "\u{1B}[1;31mx\u{1B}[0m")
  }

  @Test func signsFollowTheLocale() {
    func unicode(_ environment: [String: String], terminal: Bool = true) -> Bool {
      Palette.forStream(isTerminal: terminal, environment: environment).unicode
    }
    #expect(unicode(["TERM": "xterm", "LANG": "de_DE.utf8"]))
    #expect(unicode(["TERM": "xterm"]))
    #expect(!unicode(["TERM": "xterm", "LANG": "en_US.ISO-8859-1"]))
    #expect(!unicode(["TERM": "xterm", "LANG": "en_US.UTF-8", "LC_ALL": "C"]))
    #expect(unicode(["TERM": "xterm", "LC_ALL": "C.UTF-8"]))
    #expect(!unicode(["TERM": "linux", "LANG": "en_US.UTF-8"]))
    #expect(unicode(["LANG": "en_US.UTF-8"], terminal: false))
  }
}
