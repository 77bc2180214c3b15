/// Undoes a content coding, piece by piece.
protocol ContentDecoder: AnyObject {
  /// Takes what it can from the front of `input` and fills the front of `output`; gives the number of bytes there.
  /// It stops when one of the two is used up, or earlier at the end of a member or frame.
  func decode(_ input: inout ArraySlice<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) throws(HTTPError) -> Int

  /// What it has grown to hold, beyond what every decoder needs.
  var memorySize: Int { get }

  /// Whether the input may end here.
  var isAtEnd: Bool { get }
}
