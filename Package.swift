// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

func target(
  _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// What `tools/fuzz` links with libFuzzer; nobody else needs the archive.
let fuzzing: [Product] =
  Context.environment["CANARY_FUZZ"] == nil
  ? [] : [.library(name: "FuzzOracles", type: .static, targets: ["FuzzOracles"])]

let package = Package(
  name: "canary",
  products: [.executable(name: "canary", targets: ["canary"])] + fuzzing,
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
  ],
  targets: [
    // The pure core: no Foundation, no async, no clock.
    target("RolloutCore"),
    target("CanaryJudge"),
    target("ImmuneSystem", ["RolloutCore", "CanaryJudge"]),

    // The lines of the judge's bench, as ticks.
    target("JudgeProtocol", ["CanaryJudge"]),

    // The policy file, and the words of the host protocol.
    target("PolicyFile", ["RolloutCore", yams]),
    target(
      "HostProtocol", ["RolloutCore", crypto],
      resources: [
        .embedInCode("Resources/canary-host.sh"), .embedInCode("Resources/canary-stage.sh"),
        .embedInCode("Resources/canary-serve.sh"),
      ]),

    // Where tests end or stop a process; nothing in release builds.
    target("FailPoints"),

    // The shell around the core, and the ports it owns.
    target("RolloutEngine", ["RolloutCore", "FailPoints", logging]),

    // Everything around a rollout, made up and under virtual time; what must never happen, and the search for it.
    target("RolloutSimulation", ["RolloutCore", "RolloutEngine"]),

    // The rim: implementations of the ports.
    .target(
      name: "RolloutStore", dependencies: ["RolloutEngine", "RolloutCore", "FailPoints", crypto, grdb],
      exclude: ["DESIGN.md"], swiftSettings: strict),
    target("ChildProcesses", [subprocess, systemPackage]),
    target(
      "Transports", ["RolloutEngine", "RolloutCore", "HostProtocol", "ChildProcesses", "FailPoints", logging]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    target("CurlClient", ["CCurl"]),
    target(
      "Observers",
      ["RolloutEngine", "RolloutCore", "ImmuneSystem", "CanaryJudge", "CurlClient", "ChildProcesses", logging]),

    // What people type.
    target(
      "CanaryCommands",
      [
        "RolloutCore", "CanaryJudge", "ImmuneSystem", "JudgeProtocol", "PolicyFile", "RolloutEngine", "RolloutStore",
        "RolloutSimulation", "Transports", "Observers", "ChildProcesses", "CurlClient", "FailPoints", argumentParser,
        crypto, logging,
      ],
      resources: [
        .embedInCode("Demo/demo.sh"), .embedInCode("Demo/demo-restart.sh"), .embedInCode("Demo/demo-service.py"),
        .embedInCode("Demo/demo-load.py"),
      ]),
    .target(
      name: "TestKit", dependencies: ["ChildProcesses", "RolloutCore", crypto], path: "Tests/TestKit",
      swiftSettings: strict),
    tests(
      "TransportTests",
      ["Transports", "HostProtocol", "ChildProcesses", "RolloutEngine", "RolloutCore", "TestKit"]),
    .executableTarget(name: "canary", dependencies: ["CanaryCommands"], swiftSettings: strict),

    tests(
      "CommandTests",
      [
        "CanaryCommands", "RolloutCore", "CanaryJudge", "ImmuneSystem", "RolloutEngine", "RolloutStore", "PolicyFile",
        "RolloutSimulation", "Observers", "TestKit", "LoopbackFixtures", argumentParser,
      ]),
    tests("ArchitectureTests", []),
    tests("RolloutCoreTests", ["RolloutCore", "RolloutSimulation"]),
    // The search for mistakes, made to be run for long: `make simulate`, `make teeth`.
    .executableTarget(
      name: "simulator", dependencies: ["RolloutSimulation", "RolloutEngine", "RolloutCore", argumentParser],
      path: "Tests/simulator", swiftSettings: strict),
    tests("ExplorationTests", ["RolloutSimulation", "RolloutCore"]),
    tests("RolloutSimulationTests", ["RolloutSimulation", "RolloutEngine", "RolloutCore"], exclude: ["Fixtures"]),
    tests("RenderingTests", ["CanaryCommands", "RolloutEngine", "RolloutCore"], exclude: ["Golden"]),
    tests("RolloutEngineTests", ["RolloutEngine", "RolloutCore", "RolloutStore"]),
    tests("CanaryJudgeTests", ["CanaryJudge"], exclude: ["Fixtures"]),
    // Journals as earlier versions wrote them.
    tests("ReplayTests", ["RolloutStore", "RolloutEngine", "RolloutCore", crypto, grdb], exclude: ["Fixtures"]),
    // Whole burn-ins of the bench, fast; Benchmarks/judge feeds it.
    .executableTarget(
      name: "judge-probe", dependencies: ["CanaryJudge", "JudgeProtocol"], path: "Tests/judge-probe",
      swiftSettings: strict),
    tests("ImmuneSystemTests", ["ImmuneSystem", "CanaryJudge", "RolloutCore"]),
    .target(
      name: "LoopbackFixtures", path: "Tests/LoopbackFixtures", exclude: ["server.py"], swiftSettings: strict),
    tests("CurlClientTests", ["CurlClient", "LoopbackFixtures"]),
    tests(
      "ObserverTests",
      [
        "Observers", "ImmuneSystem", "CanaryJudge", "RolloutEngine", "RolloutStore", "RolloutCore", "CurlClient",
        "LoopbackFixtures",
      ]),
    tests(
      "MetricSourceTests",
      [
        "Observers", "RolloutEngine", "RolloutCore", "CanaryJudge", "CurlClient", "ChildProcesses", "TestKit",
        "LoopbackFixtures",
      ], exclude: ["statsd_client.py"]),
    // The readers of metrics servers against the real ones.
    tests(
      "MetricServerTests",
      [
        "Observers", "ImmuneSystem", "CanaryJudge", "RolloutEngine", "RolloutCore", "CurlClient", "TestKit",
        "LoopbackFixtures",
      ]),
    tests("PolicyFileTests", ["PolicyFile", "RolloutCore"], exclude: ["Fixtures"]),
    tests("HostProtocolTests", ["HostProtocol", "RolloutCore", crypto]),
    tests("SystemTests", ["TestKit", "ChildProcesses", "canary"], exclude: ["telling_service.py"]),
    // Every process lost at every step: the cells, the suite of a covering subset, and the program that runs them all.
    .target(
      name: "KillMatrix",
      dependencies: ["TestKit", "ChildProcesses", "FailPoints", "RolloutStore", "RolloutEngine", "RolloutCore"],
      path: "Tests/KillMatrix", exclude: ["faults.c"], swiftSettings: strict),
    .executableTarget(
      name: "kill-matrix", dependencies: ["KillMatrix"], path: "Tests/kill-matrix", swiftSettings: strict),
    tests("KillMatrixTests", ["KillMatrix", "FailPoints", "TestKit", "ChildProcesses", "canary"]),
    // Another process on the same journal, for tests that need one to kill, to contend with or to fill a disk.
    .executableTarget(
      name: "store-probe", dependencies: ["RolloutStore", "RolloutEngine", "RolloutCore"], path: "Tests/store-probe",
      swiftSettings: strict),
    // What must hold for every input of a reader; `tools/fuzz` draws the inputs, the suite replays the kept ones.
    .target(
      name: "FuzzOracles",
      dependencies: [
        "PolicyFile", "HostProtocol", "JudgeProtocol", "RolloutStore", "RolloutEngine", "RolloutCore", "Observers",
        "ImmuneSystem", "CanaryJudge", yams,
      ], path: "Fuzz/Oracles", swiftSettings: strict),
    tests("FuzzRegressionTests", ["FuzzOracles"]),
    tests("RolloutStoreTests", ["RolloutStore", "RolloutEngine", "RolloutCore", "store-probe", grdb]),
  ]
)
