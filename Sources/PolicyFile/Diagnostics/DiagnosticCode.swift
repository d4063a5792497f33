/// Stable names of everything that can be wrong in a policy or hosts file. A code never changes its meaning.
public enum DiagnosticCode: String, Hashable, Sendable, CaseIterable {
  // The file and its YAML.
  case fileTooLarge = "CNY0001"
  case notUTF8 = "CNY0002"
  case byteOrderMark = "CNY0003"
  case controlCharacter = "CNY0004"
  case tab = "CNY0005"
  case lineTooLong = "CNY0006"
  case tooManyValues = "CNY0007"
  case nestedTooDeeply = "CNY0008"
  case invalidYAML = "CNY0009"
  case anchor = "CNY0010"
  case alias = "CNY0011"
  case tag = "CNY0012"
  case mergeKey = "CNY0013"
  case secondDocument = "CNY0014"
  case directive = "CNY0015"
  case blockText = "CNY0016"
  case severalLines = "CNY0017"
  case openQuote = "CNY0018"
  case unmatchedBracket = "CNY0019"
  case indentation = "CNY0020"
  case missingColon = "CNY0021"
  case secondColon = "CNY0022"
  case complexKey = "CNY0023"
  case reservedCharacter = "CNY0024"
  case missingSeparator = "CNY0025"
  case emptyFile = "CNY0026"
  case moreProblems = "CNY0027"

  // Keys and the types of values.
  case unknownKey = "CNY0101"
  case duplicateKey = "CNY0102"
  case missingKey = "CNY0103"
  case missingValue = "CNY0104"
  case wrongShape = "CNY0105"
  case conflictingKeys = "CNY0106"
  case keyWithoutPartner = "CNY0107"
  case notADuration = "CNY0108"
  case notAnInteger = "CNY0109"
  case notANumber = "CNY0110"
  case notABoolean = "CNY0111"
  case notAPercentage = "CNY0112"
  case notAQuantity = "CNY0113"
  case unknownChoice = "CNY0114"
  case outOfRange = "CNY0115"
  case wrongLength = "CNY0116"
  case notACommand = "CNY0117"

  // Texts with a grammar.
  case serviceName = "CNY0201"
  case hostName = "CNY0202"
  case address = "CNY0203"
  case versionText = "CNY0204"
  case path = "CNY0205"
  case directory = "CNY0206"
  case sharedPath = "CNY0207"
  case url = "CNY0208"
  case hostAndPort = "CNY0209"
  case headerName = "CNY0210"
  case jsonPointer = "CNY0211"
  case seriesSelector = "CNY0212"
  case labelName = "CNY0213"
  case malformedTemplate = "CNY0214"
  case userName = "CNY0215"
  case word = "CNY0216"
  case listenAddress = "CNY0217"
  case plainName = "CNY0218"
  case metricName = "CNY0219"

  // What the policy as a whole means.
  case duplicateHost = "CNY0601"
  case unknownCanaryHost = "CNY0602"
  case burnInBounds = "CNY0603"
  case unknownTemplateName = "CNY0604"
  case rollbackForbidden = "CNY0605"
  // CNY0606 is not given again.
  case requestsWithoutTotal = "CNY0607"
  case canaryTooLarge = "CNY0608"
  case duplicateName = "CNY0609"
  case neverHealthy = "CNY0610"
  case wavesDoNotGrow = "CNY0611"
  case refusedAddress = "CNY0612"
  case passMargin = "CNY0613"
  case includeOutside = "CNY0614"
  case includeUnreadable = "CNY0615"
  case nestedInclude = "CNY0616"
  case unknownCheck = "CNY0617"
  case noSource = "CNY0618"
  case measureOfSource = "CNY0619"
  case sameForAll = "CNY0620"
  case tooManyIncludes = "CNY0621"

  // Allowed, and probably not meant.
  case noSiblings = "CNY0401"
  case noProbes = "CNY0402"
  case artifactWithoutVersion = "CNY0403"
  case slowProbe = "CNY0404"
  case shortProgressDeadline = "CNY0405"
  case nullIsText = "CNY0406"
  case uselessWave = "CNY0407"
  case wholeServiceDown = "CNY0408"
  case shortBurnIn = "CNY0409"
  case nothingToCompare = "CNY0410"
  case shortBaseline = "CNY0411"
  case neverPasses = "CNY0412"

  // Hosts files.
  case hostItem = "CNY0501"
  case noHosts = "CNY0502"

  /// The code that `text` names, in any case.
  public init?(parsing text: String) { self.init(rawValue: text.uppercased()) }

  public var explanation: DiagnosticExplanation { DiagnosticExplanation.of(self) }
}

/// What `canary explain CODE` prints.
public struct DiagnosticExplanation: Hashable, Sendable {
  public var title: String
  /// Why it is refused, in a few sentences.
  public var text: String
  /// A piece of a file that has the problem; empty where no short one exists.
  public var wrong: String
  /// The same piece without it.
  public var right: String

  public func rendered(code: DiagnosticCode) -> String {
    var result = "\(code.rawValue): \(title)\n\n\(text)\n"
    for (heading, example) in [("Wrong:", wrong), ("Right:", right)] where !example.isEmpty {
      let lines = example.split(separator: "\n", omittingEmptySubsequences: false)
      result += "\n\(heading)\n\n" + lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
    }
    return result
  }
}
