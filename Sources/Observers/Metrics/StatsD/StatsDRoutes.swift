internal import RolloutCore

/// Which series a line belongs to: by its name, and by the tag that names the instance where the source has one.
struct StatsDRoutes: Sendable {
  private(set) var metrics = 0
  let instances: Int
  private var byName: [String: [Route]] = [:]
  /// Tags that name instances, and which.
  private var senders: [(tag: String, byValue: [String: Int])] = []
  private var indices: [Metric: Int] = [:]
  private let all: [Instance]

  struct Target: Hashable {
    var metric: Int
    var instance: Int
  }

  private struct Metric: Hashable {
    var name: String
    var tag: String?
  }

  private enum Route {
    case named(Target)
    case tagged(metric: Int, tag: String, instances: [String: Int])
  }

  struct Refusal: Error, Hashable, Sendable, CustomStringConvertible { var description: String }

  init(_ instances: [Instance]) {
    all = instances
    self.instances = instances.count
  }

  /// The number of a metric, which is `name` with `{id}`, `{host}` and labels expanded for each instance, or a name
  /// that is the same for all beside a tag that tells them apart.
  mutating func metric(_ name: String, tag: String?) throws(Refusal) -> Int {
    let metric = Metric(name: name, tag: tag)
    if let known = indices[metric] { return known }
    var byName: [String: [Int]] = [:]
    for (index, instance) in all.enumerated() { byName[instance.expanding(name), default: []].append(index) }
    if tag == nil, let shared = byName.first(where: { $0.value.count > 1 }) {
      throw Refusal(
        description: "\(Phrase.clean(shared.key)) is the name of \(shared.value.count) instances' metric; write {id} "
          + "in it, or give the tag that names the instance")
    }
    let number = metrics
    metrics += 1
    indices[metric] = number
    for (text, owners) in byName {
      self.byName[text, default: []] += routes(to: number, tag: tag, owners)
    }
    return number
  }

  private mutating func routes(to metric: Int, tag: String?, _ owners: [Int]) -> [Route] {
    guard let tag else { return owners.map { .named(Target(metric: metric, instance: $0)) } }
    if !senders.contains(where: { $0.tag == tag }) { senders.append((tag, tagValues(Array(all.indices)))) }
    return [.tagged(metric: metric, tag: tag, instances: tagValues(owners))]
  }

  /// Ids, and addresses where they are one instance's alone.
  private func tagValues(_ owners: [Int]) -> [String: Int] {
    var byAddress: [String: [Int]] = [:]
    for index in all.indices { byAddress[all[index].address, default: []].append(index) }
    var values: [String: Int] = [:]
    for index in owners where byAddress[all[index].address]?.count == 1 { values[all[index].address] = index }
    for index in owners { values[all[index].id.text] = index }
    return values
  }

  func targets(of line: StatsDLine) -> [Target] {
    (byName[line.name] ?? []).compactMap { route in
      switch route {
      case .named(let target): return target
      case .tagged(let metric, let tag, let instances):
        guard let value = line.value(of: tag), let instance = instances[value] else { return nil }
        return Target(metric: metric, instance: instance)
      }
    }
  }

  /// The instances that a line comes from by its tags, whatever its name.
  func senders(of line: StatsDLine) -> [Int] {
    senders.compactMap { sender in line.value(of: sender.tag).flatMap { sender.byValue[$0] } }
  }
}

extension StatsDLine {
  fileprivate func value(of tag: String) -> String? { tags.first { $0.name == tag }?.value }
}
