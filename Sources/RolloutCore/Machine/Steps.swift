/// The order of a host's steps, and what each sends.
extension Rollout {
  /// The step that follows on the way `step` belongs to; nil when verification or the end follows.
  func step(after step: StepKind, _ index: Int) -> StepKind? {
    let release = plan.policy.release
    switch step {
    case .stage: return release.drain.isEmpty ? .activate : .drain
    // Stopped between the two: back into service, if it is unchanged.
    case .drain:
      return isForwardStopped && !hosts[index].isActivated && !release.undrain.isEmpty ? .undrain : .activate
    case .revertDrain: return .revertActivate
    case .activate, .undrain, .revertActivate, .revertUndrain: return nil
    }
  }

  /// Where the way back begins. What was only drained is put back into service; what is drained already is not
  /// drained again.
  func firstRevertPosition(of host: HostUpdate) -> HostUpdate.Position {
    let release = plan.policy.release
    if host.isActivated {
      return .waiting(release.drain.isEmpty || host.isDrained ? .revertActivate : .revertDrain)
    }
    // Without a command of its own, a restart is what brings a drained instance back.
    return .waiting(release.undrain.isEmpty ? .revertActivate : .revertUndrain)
  }

  /// True when an intent of this step takes the instance out of service.
  func takesDown(_ step: StepKind) -> Bool {
    switch step {
    case .drain, .activate, .revertDrain, .revertActivate: true
    case .stage, .undrain, .revertUndrain: false
    }
  }

  /// Version the instance should answer with now; nil while that is not settled.
  func expectedVersion(_ index: Int) -> Version? {
    switch hosts[index].position {
    case .verifying, .healthy, .reverted, .waiting(.undrain), .waiting(.revertUndrain):
      if hosts[index].direction == .revert {
        plan.hosts[index].from
      } else {
        hosts[index].isActivated ? plan.release.version : nil
      }
    default: nil
    }
  }

  func key(_ index: Int, _ step: StepKind) -> StepKey {
    StepKey(rollout: plan.rollout, host: name(index), step: step, attempt: hosts[index].attempt)
  }

  /// How long a step may take on the host by its own limit. A stage carries the artifact and has no limit of its own
  /// in the policy: the progress deadline bounds it.
  func timeLimit(_ step: StepKind) -> TimeSpan {
    switch step {
    case .stage: plan.policy.progressDeadline
    case .activate, .revertActivate: plan.policy.release.restartTimeout
    case .drain, .undrain, .revertDrain, .revertUndrain: plan.policy.release.hookTimeout
    }
  }

  func command(_ index: Int, _ intent: HostUpdate.Intent) -> HostCommand {
    HostCommand(
      key: key(index, intent.step), fence: intent.fence, service: plan.policy.service, directory: directory(index),
      action: action(index, intent.step))
  }

  private func action(_ index: Int, _ step: StepKind) -> HostCommand.Action {
    let release = plan.policy.release
    switch step {
    case .stage:
      let protect = [plan.hosts[index].from, plan.release.version].compactMap { $0 }
      return .stage(
        HostCommand.Staging(
          version: plan.release.version, digest: plan.release.digest, artifact: plan.release.artifact,
          sharedDirectories: release.sharedDirectories, sharedFiles: release.sharedFiles, keep: release.keep,
          protect: protect))
    case .activate: return activation(plan.release.version)
    // A host without a version before it never gets here: `isReversible` is checked before any way back begins.
    case .revertActivate: return activation(plan.hosts[index].from ?? plan.release.version)
    case .drain, .revertDrain: return .run(argv: release.drain, timeout: release.hookTimeout)
    case .undrain, .revertUndrain: return .run(argv: release.undrain, timeout: release.hookTimeout)
    }
  }

  private func activation(_ version: Version) -> HostCommand.Action {
    let release = plan.policy.release
    return .activate(
      HostCommand.Activation(version: version, restart: release.restart, timeout: release.restartTimeout))
  }
}
