/// One look at every instance's histogram, in one piece of storage and in the buckets of the common layout.
struct LatencyLook {
  struct Cell {
    /// Bucket of the common layout.
    let place: Int
    let count: Double
  }

  let cells: [Cell]
  /// Whether somebody showed a layout that the atlas does not know.
  let hasUnknownLayout: Bool
  /// Per instance, where its cells end; those of an instance begin where the one before ends.
  private let ends: [Int]
  private let isPresent: [Bool]

  /// Histograms with counts or buckets that are no sound numbers count as missing.
  init(_ readings: [Measurement], instances: Int, atlas: LayoutAtlas?) {
    var (cells, ends, isPresent, isUnknown) = ([Cell](), [Int](), [Bool](), false)
    cells.reserveCapacity(instances * 16)
    ends.reserveCapacity(instances)
    isPresent.reserveCapacity(instances)
    let sources = atlas?.sources ?? []
    for index in 0..<instances {
      var isSound = false
      if index < readings.count, case .histogram(let histogram) = readings[index] {
        if let source = sources.firstIndex(where: { $0.bounds == histogram.upperBounds }) {
          isSound = Self.add(histogram.buckets, sources[source].map, to: &cells)
        } else {
          isUnknown = true
        }
      }
      isPresent.append(isSound)
      ends.append(cells.count)
    }
    (self.cells, self.ends, self.isPresent, hasUnknownLayout) = (cells, ends, isPresent, isUnknown)
  }

  /// Adds all buckets or none.
  private static func add(_ buckets: [Histogram.Bucket], _ map: [Int32], to cells: inout [Cell]) -> Bool {
    let start = cells.count
    for bucket in buckets {
      guard bucket.count >= 0, bucket.count < 1e15, bucket.index >= 0, Int(bucket.index) < map.count else {
        cells.removeSubrange(start...)
        return false
      }
      if bucket.count > 0 { cells.append(Cell(place: Int(map[Int(bucket.index)]), count: bucket.count)) }
    }
    return true
  }

  /// Whether the instance showed a histogram that can be read.
  func has(_ instance: Int) -> Bool { isPresent[instance] }

  /// The instance's cells, by their place in `cells`.
  func range(_ instance: Int) -> Range<Int> { (instance > 0 ? ends[instance - 1] : 0)..<ends[instance] }
}
