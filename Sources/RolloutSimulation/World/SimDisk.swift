internal import RolloutCore

/// The files of a host that matter after a power loss.
struct HostFiles: Hashable {
  var fence: Fence?
  var fenceRollout: RolloutID?
  var steps: [StepKey: StepFile] = [:]
  var releases: [ReleaseDirectory] = []
  var current: Version?
  /// Unpacked content that was synced or may have been.
  var contents: [Version] = []

  enum StepFile: Hashable {
    case started
    case finished(Outcome)
  }

  struct ReleaseDirectory: Hashable {
    var version: Version
    var digest: Digest
    /// Every file holds what its archive said; false after a power loss that hit it unsynced.
    var isWhole: Bool
  }

  func release(_ version: Version) -> ReleaseDirectory? { releases.first { $0.version == version } }

  /// `current` names a release that is there as its manifest says, or there is none.
  var isCurrentSound: Bool {
    guard let current else { return true }
    return release(current)?.isWhole == true
  }
}

/// One write: whole or not at all after a crash, because a file is synced before the rename that publishes it.
enum DiskWrite: Hashable {
  case fence(Fence, RolloutID)
  case started(StepKey)
  case forgotten(StepKey)
  case finished(StepKey, Outcome)
  case content(Version)
  case published(Version, Digest)
  case removed(Version)
  case current(Version?)

  func apply(to files: inout HostFiles) {
    switch self {
    case .fence(let fence, let rollout): (files.fence, files.fenceRollout) = (fence, rollout)
    case .started(let key): files.steps[key] = .started
    case .forgotten(let key): files.steps[key] = nil
    case .finished(let key, let outcome): files.steps[key] = .finished(outcome)
    case .content(let version): files.contents.append(version)
    case .published(let version, let digest):
      files.releases.removeAll { $0.version == version }
      let isWhole = files.contents.contains(version)
      files.releases.insert(.init(version: version, digest: digest, isWhole: isWhole), at: 0)
    case .removed(let version): files.releases.removeAll { $0.version == version }
    case .current(let version): files.current = version
    }
  }

  enum Place { case ledger, releases, content, current }

  /// The directory whose sync makes it durable.
  var place: Place {
    switch self {
    case .fence, .started, .forgotten, .finished: .ledger
    case .published, .removed: .releases
    case .content: .content
    case .current: .current
    }
  }
}

/// A disk with a cache: what was written is seen at once, and survives a power loss for certain once it was synced.
struct SimDisk {
  private(set) var live: HostFiles
  private(set) var synced: HostFiles
  private(set) var pending: [DiskWrite] = []
  /// No room for a new file; renames go on.
  var isFull = false

  init(_ files: HostFiles) { (live, synced) = (files, files) }

  mutating func write(_ write: DiskWrite) {
    write.apply(to: &live)
    pending.append(write)
  }

  mutating func sync(_ place: DiskWrite.Place) {
    guard pending.contains(where: { $0.place == place }) else { return }
    for write in pending where write.place == place { write.apply(to: &synced) }
    pending.removeAll { $0.place == place }
  }

  mutating func syncAll() {
    pending = []
    synced = live
  }

  /// Each write that was not synced may have reached the disk all the same, or not.
  mutating func losePower(_ dice: inout Dice) {
    for write in pending where dice.chance(50) { write.apply(to: &synced) }
    pending = []
    live = synced
  }
}
