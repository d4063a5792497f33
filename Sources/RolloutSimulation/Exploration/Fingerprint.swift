/// 128 bits that stand for a state. Two states of ten million that differ collide with a probability under 10⁻²⁴.
package struct Fingerprint: Hashable, Sendable {
  package private(set) var low: UInt64 = 0x9E37_79B9_7F4A_7C15
  package private(set) var high: UInt64 = 0xD1B5_4A32_D192_ED03

  package init() {}

  /// The finaliser of MurmurHash3 (Appleby, public domain) on one lane, a multiply and rotate on the other.
  package mutating func add(_ value: UInt64) {
    var mixed = low ^ value
    mixed ^= mixed >> 33
    mixed = mixed &* 0xFF51_AFD7_ED55_8CCD
    mixed ^= mixed >> 33
    mixed = mixed &* 0xC4CE_B9FE_1A85_EC53
    low = mixed ^ (mixed >> 33)
    let turned = (high << 27) | (high >> 37)
    high = (turned ^ (value &+ 0x9E37_79B9_7F4A_7C15)) &* 0x9FB2_1C65_1E98_DF25 ^ (low >> 29)
  }

  package mutating func add(_ value: Int) { add(UInt64(bitPattern: Int64(value))) }
  package mutating func add(_ value: Int64) { add(UInt64(bitPattern: value)) }
  package mutating func add(_ value: Bool) { add(value ? 1 : 0 as UInt64) }
}
