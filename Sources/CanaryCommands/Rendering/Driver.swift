import RolloutCore
import RolloutEngine

/// Who drives a rollout, as far as the reader knows.
enum Driver: Hashable, Sendable {
  /// Not looked up: nothing is said about it.
  case unknown
  /// Nobody holds the service's lease.
  case nobody
  /// `LeaseHolder.display` of whoever holds it.
  case holder(String)
}
