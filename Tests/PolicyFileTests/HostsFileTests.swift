import PolicyFile
import RolloutCore
import Testing

@Suite struct HostsFileTests {
  @Test func linesBecomeInstances() {
    let text = """
      # the web tier
      web1.example.net zone=a port=8081 b=c=d

      \tweb2 address=192.0.2.2 ssh_port=2222 directory=/srv/two # spare
      web3#x=1
      """
    let parse = HostsFile.parse(Array(text.utf8), path: "hosts.txt")
    #expect(parse.instances == nil)
    #expect(parse.diagnostics.map(\.code) == [.hostName])
    let good = HostsFile.parse(Array(text.replacing("web3#x=1", with: "web3").utf8), path: "hosts.txt")
    let label = Instance.Label.init(name:value:)
    #expect(
      good.instances == [
        Instance(id: "web1.example.net", zone: "a", labels: [label("b", "c=d"), label("port", "8081")]),
        Instance(id: "web2", address: "192.0.2.2", sshPort: 2222, directory: "/srv/two"), Instance(id: "web3"),
      ])
  }

  @Test func emptyListIsAnError() {
    for text in ["", "\n", "# nobody\n"] {
      #expect(HostsFile.parse(Array(text.utf8), path: "h").diagnostics.map(\.code) == [.noHosts])
    }
  }

  @Test func bytesAreChecked() {
    #expect(HostsFile.parse([0xFF], path: "h").diagnostics.map(\.code) == [.notUTF8])
    #expect(HostsFile.parse(Array("web1\u{0}".utf8), path: "h").diagnostics.map(\.code) == [.controlCharacter])
  }

  @Test func aPolicyIsHeldAgainstItsHosts() {
    let text = PolicySample.with(
      """
      instances: {file: hosts.txt}
      canary: {hosts: [web9]}
      probes: [{tcp: "{host}:{port}"}]
      """)
    let parse = PolicySample.parse(text)
    #expect(parse.diagnostics == [])
    let found = parse.diagnose([Instance(id: "web1"), Instance(id: "web2")])
    #expect(found.map(\.code) == [.unknownCanaryHost, .unknownTemplateName])
    #expect(found.map(\.line) == [2, 3])
    let port = [Instance.Label(name: "port", value: "1")]
    #expect(parse.diagnose([Instance(id: "web9", labels: port), Instance(id: "web2", labels: port)]) == [])
  }

  @Test func listedInstancesAreNotCheckedTwice() {
    let parse = PolicySample.parse(PolicySample.with("canary: {count: 3}"))
    #expect(parse.diagnostics.map(\.code) == [.noSiblings])
    #expect(parse.diagnose([Instance(id: "web1")]) == [])
  }
}
