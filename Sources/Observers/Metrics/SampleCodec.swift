internal import FoundationEssentials
public import ImmuneSystem
public import RolloutCore
public import RolloutEngine

/// Samples as the store keeps them: compact JSON. Doubles are written as the shortest decimals that read back as the
/// same bits.
public enum SampleCodec {
  /// A payload that is not JSON, or not of a sample that this version knows.
  public struct Damage: Error, Hashable, Sendable, CustomStringConvertible {
    public var sequence: Int
    public var detail: String
    public var description: String { "sample \(sequence): \(detail)" }
  }

  public static func encode(_ sample: Sample, sequence: Int, at: Timestamp) throws(Damage) -> SampleRecord {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return SampleRecord(
        sequence: sequence, at: at, payload: String(decoding: try encoder.encode(sample), as: UTF8.self))
    } catch {
      throw Damage(sequence: sequence, detail: "a value that JSON cannot hold")
    }
  }

  public static func decode(_ record: SampleRecord) throws(Damage) -> Sample {
    do {
      return try JSONDecoder().decode(Sample.self, from: Data(record.payload.utf8))
    } catch let mismatch as SampleMismatch {
      throw Damage(sequence: record.sequence, detail: mismatch.description)
    } catch {
      throw Damage(sequence: record.sequence, detail: "not a sample that this version of canary knows")
    }
  }
}
