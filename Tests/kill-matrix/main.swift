import Foundation
import KillMatrix

/// Every cell of the kill matrix, and the table of what came of them.
///
///     kill-matrix [--workers N] [--survey | --list] [WORD...]
///
/// With words, only the cells whose description holds one of them. `--survey` prints what a rollout passes, `--list`
/// the cells that are made from it.

var words = Array(CommandLine.arguments.dropFirst())
var workers = 2
if let position = words.firstIndex(of: "--workers"), position + 1 < words.count {
  workers = Int(words[position + 1]) ?? workers
  words.removeSubrange(position...position + 1)
}
let isDry = words.first == "--list"
if isDry { words.removeFirst() }
if words.first == "--survey" {
  do {
    say(try await Matrix.survey())
    exit(0)
  } catch {
    say("\(error)")
    exit(1)
  }
}
do {
  let start = ContinuousClock.now
  let wanted = words
  let choice: @Sendable (Cell) -> Bool = { [isDry] cell in
    if isDry { say("\(cell)") }
    return !isDry && wanted.contains { "\(cell),".contains($0) }
  }
  let table = try await Matrix.runAll(workers: workers, where: isDry || !wanted.isEmpty ? choice : nil)
  if isDry { exit(0) }
  say(table.text)
  say(table.summary(time: ContinuousClock.now - start))
  exit(table.isGreen && !table.results.isEmpty ? 0 : 1)
} catch {
  say("\(error)")
  exit(1)
}
