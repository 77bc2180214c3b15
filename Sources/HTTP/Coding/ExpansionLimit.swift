/// How far an encoded body may expand, so that a small request cannot make endless work.
package struct ExpansionLimit: Sendable {
  /// In bytes, whatever the encoded size.
  package var maximumSize = 128 << 20
  /// Of expanded to encoded bytes, once there are more than `allowance`.
  package var maximumRatio = 100
  /// Free of any ratio: what could as well have come uncoded. Honest batches reach surprising ratios; ten thousand
  /// exchanges of the same few words shrink to a hundredth with gzip, to a six hundredth with zstd.
  package var allowance = 32 << 20

  package init() {}

  func check(expanded: Int, encoded: Int) throws(HTTPError) {
    guard expanded <= maximumSize else { throw .bodyTooLarge(limit: maximumSize) }
    let (bound, overflow) = encoded.multipliedReportingOverflow(by: maximumRatio)
    guard overflow || expanded <= max(allowance, bound) else {
      throw .badBody("the body expands to more than \(maximumRatio) times its size")
    }
  }
}
