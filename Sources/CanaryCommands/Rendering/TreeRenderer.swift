import RolloutCore
import RolloutEngine

/// The picture of a rollout: who and what on top, waves and hosts, what it waits for and what changes that below.
enum TreeRenderer {
  /// At most `height` lines of at most `width` columns. Where hosts do not fit, the ones to look at stay and the
  /// others become counts.
  /// - Parameter recent: the last events, newest last; shown where there is room.
  static func frame(
    rollout: Rollout, trouble: String?, recent: [RecordedEvent], now: Timestamp, width: Int, height: Int,
    palette: Palette
  ) -> [String] {
    guard width > 0, height > 0 else { return [] }
    let header = RolloutWords.header(rollout, now: now)
    let footer = footer(rollout, trouble: trouble, now: now)
    // What it waits for outlives everything but the title when there are only a few lines.
    let footerRoom = max(0, min(footer.count, height - header.count))
    let room = height - min(header.count, height) - footerRoom
    let gaps = room >= 6 ? 2 : 0
    let tree = Tree(rollout, now: now, palette: palette)
    let board = CheckBoard(rollout, recent: recent)
    let checks = checks(board, beside: tree, room: room - gaps, width: width, now: now)
    let body = tree.lines(room: max(0, room - gaps - checks.count))
    let newsRoom = room - gaps - body.count - checks.count - 1
    let news = newsRoom >= 2 ? news(recent, rollout, room: min(newsRoom, 5)) : []

    var lines = Array(header.prefix(height))
    if gaps > 0 { lines.append(StyledLine()) }
    lines += body
    lines += checks
    if !news.isEmpty { lines += [StyledLine()] + news }
    if gaps > 0 { lines.append(StyledLine()) }
    lines += footer.prefix(footerRoom)
    return lines.prefix(height).map { $0.text(palette, width: width) }
  }

  /// The checks below the hosts, with a line between: all of them where the hosts leave the room, else in up to half.
  private static func checks(
    _ board: CheckBoard?, beside tree: Tree, room: Int, width: Int, now: Timestamp
  ) -> [StyledLine] {
    guard let board, room >= 4 else { return [] }
    let mine = min(board.count + 1, max(room / 2, room - tree.fullCount))
    let lines = board.lines(room: mine - 1, width: width, now: now)
    return lines.isEmpty ? [] : [StyledLine()] + lines
  }

  /// Every host, uncut: for a file, a pipe, `canary status`.
  static func unfolded(_ rollout: Rollout, now: Timestamp, palette: Palette) -> [String] {
    let tree = Tree(rollout, now: now, palette: palette)
    return tree.lines(room: .max).map { $0.text(palette) }
  }

  static func footer(_ rollout: Rollout, trouble: String?, now: Timestamp) -> [StyledLine] {
    var lines: [StyledLine] = []
    if let trouble { lines.append(StyledLine("\(Signs.careful) trouble: \(trouble)", .bad)) }
    if rollout.isEnded {
      let why = RolloutWords.reason(rollout).map { [StyledLine("why   ", .faint).adding($0)] } ?? []
      return lines + why
    }
    let reasons = WaitWords.ranked(rollout.waitingOn)
    guard let first = reasons.first else { return lines }
    var waiting = StyledLine("now   ", .faint)
    waiting.add(WaitWords.short(first, rollout, now: now))
    if reasons.count > 1 { waiting.add(" (and \(reasons.count - 1) more)", .faint) }
    lines.append(waiting)
    if let next = NextCommand.commands(for: first, in: rollout).first ?? NextCommand.commands(in: rollout).first {
      var line = StyledLine("next  ", .faint)
      line.add(next.command, .strong)
      line.add("  \(next.effect)", .faint)
      lines.append(line)
    }
    return lines
  }

  private static func news(_ recent: [RecordedEvent], _ rollout: Rollout, room: Int) -> [StyledLine] {
    let lines = LineFilter.admitted(recent.suffix(40)).compactMap { recorded -> String? in
      // Told right only with the state of that moment, and hardly news.
      if case .healthChanged(_, .healthy) = recorded.event { return nil }
      return LineRenderer.line(for: recorded, in: rollout)
    }
    return lines.suffix(room).map { StyledLine($0, .faint) }
  }
}

/// The waves and their hosts, folded to a number of lines.
private struct Tree {
  let rollout: Rollout
  let now: Timestamp
  let palette: Palette

  init(_ rollout: Rollout, now: Timestamp, palette: Palette) {
    self.rollout = rollout
    self.now = now
    self.palette = palette
  }

  private var outside: [Int] {
    rollout.hosts.indices.filter { if case .outside = rollout.hosts[$0].position { true } else { false } }
  }

  /// Lines with every host shown.
  var fullCount: Int {
    let aside = outside.count
    return rollout.hosts.count + rollout.plan.waves.count + (aside > 0 ? 1 : 0)
  }

  func lines(room: Int) -> [StyledLine] {
    guard room > 0 else { return [] }
    var groups = WaveGroup.groups(rollout, folded: false)
    if groups.count > max(3, room / 3) { groups = WaveGroup.groups(rollout, folded: true) }
    let aside = outside
    let sections = groups.map { Section(head: $0.line(rollout), hosts: $0.hosts) } + asideSection(aside)
    if sections.count >= room { return sections.prefix(room).map(\.head) }
    return fill(sections, room: room)
  }

  private struct Section {
    var head: StyledLine
    var hosts: [Int]
  }

  private func asideSection(_ hosts: [Int]) -> [Section] {
    guard !hosts.isEmpty else { return [] }
    let counts = HostCounts(rollout, hosts).text
    return [Section(head: StyledLine("\(Signs.same) not part of it · \(counts)", .faint), hosts: hosts)]
  }

  private func fill(_ sections: [Section], room: Int) -> [StyledLine] {
    let views = rollout.hosts.indices.map { HostView(rollout, $0, now: now) }
    let shown = chosen(sections, views, room: room - sections.count)
    let names = sections.flatMap { section in section.hosts.filter { shown[$0] } }.map { views[$0].name }
    let nameWidth = min(32, names.reduce(0) { max($0, DisplayText.width(DisplayText.clean($1))) })
    var lines: [StyledLine] = []
    for section in sections {
      lines.append(section.head)
      let visible = section.hosts.filter { shown[$0] }
      let hidden = section.hosts.filter { !shown[$0] }
      lines += visible.map { line(views[$0], nameWidth) }
      if !visible.isEmpty, !hidden.isEmpty {
        lines.append(StyledLine("    … \(HostCounts(rollout, hidden).text)", .faint))
      }
    }
    return lines
  }

  /// Which hosts get a line of their own: the most interesting that fit, with a line of counts for each wave that
  /// shows only a part of its hosts.
  private func chosen(_ sections: [Section], _ views: [HostView], room: Int) -> [Bool] {
    let order = sections.flatMap(\.hosts).enumerated().sorted { a, b in
      let (left, right) = (views[a.element].interest, views[b.element].interest)
      return left == right ? a.offset < b.offset : left < right
    }.map(\.element)
    var count = min(order.count, max(0, room))
    while true {
      var shown = [Bool](repeating: false, count: views.count)
      for host in order.prefix(count) { shown[host] = true }
      let folds = sections.count { section in
        section.hosts.contains { shown[$0] } && section.hosts.contains { !shown[$0] }
      }
      if count == 0 || count + folds <= room { return shown }
      count -= 1
    }
  }

  private func line(_ view: HostView, _ nameWidth: Int) -> StyledLine {
    var line = StyledLine("  \(view.sign) ", view.style)
    line.add(DisplayText.fit(DisplayText.clean(view.name), columns: 32))
    line.pad(to: 4 + nameWidth + 2)
    line.add(view.word, view.style)
    line.pad(to: 4 + nameWidth + 2 + 12)
    line.add(view.detail)
    return line
  }
}
