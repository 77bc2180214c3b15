/// Binds one row's values in order, straight into the prepared statement or what the driver gathers rows in.
///
/// A value that cannot be bound (too large, one too many) makes the insert throw before the row is written.
package struct Binds: ~Copyable {
  private let sink: any ValueSink

  init(_ sink: any ValueSink) { self.sink = sink }

  package func integer(_ value: Int64?) {
    if let value { sink.bindInteger(value) } else { sink.bindNull() }
  }

  package func real(_ value: Double?) {
    if let value { sink.bindReal(value) } else { sink.bindNull() }
  }

  package func text(_ value: String?) {
    if let value { sink.bindText(value) } else { sink.bindNull() }
  }

  /// UTF-8 text; held, not copied, until the row is written.
  package func text(bytes value: ArraySlice<UInt8>?) {
    if let value { sink.bindText(bytes: value) } else { sink.bindNull() }
  }

  /// Held, not copied, until the row is written.
  package func blob(_ value: ArraySlice<UInt8>?) {
    if let value { sink.bindBlob(value) } else { sink.bindNull() }
  }

  /// 16 bytes, big-endian: an id.
  package func id(_ high: UInt64, _ low: UInt64) { sink.bindID(high: high, low: low) }

  package func null() { sink.bindNull() }
}
