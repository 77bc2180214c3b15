/// Where in its thread an exchange belongs, found before it is answered.
package struct ThreadPlace: Sendable {
  /// A message by which later requests may find the thread.
  package struct Head: Sendable, Equatable {
    /// Of everything said up to it, keyed.
    package var hash: [UInt8]
    /// Its row, counted from the exchange's first.
    package var row: Int

    package init(hash: [UInt8], row: Int) {
      self.hash = hash
      self.row = row
    }
  }

  /// The message that the exchange's first one follows; nil at a thread's beginning.
  package var parentID: UUIDv7?
  /// Messages of the request that are stored already.
  package var knownCount = 0
  /// The JSON by which the elements among them are known.
  package var known: [Bytes] = []
  /// Long values of the request before, which this one need not store again; by field.
  package var loans: [String: KeptRequest.Loan] = [:]
  package var request: ThreadedRequest?
  /// Of everything that the request says; empty where threads are not looked for.
  package var hash: [UInt8] = []
  package var heads: [Head] = []

  package init(parentID: UUIDv7? = nil, heads: [Head] = []) {
    self.parentID = parentID
    self.heads = heads
  }
}
