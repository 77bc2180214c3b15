import Glibc
import VerbatimModel

/// One event of a stream of server-sent events.
struct ServerSentEvent: Equatable {
  /// The field `event`, empty where there was none.
  var name: [UInt8] = []
  /// The lines of `data`, joined by line feeds; nil where there was none.
  var data: [UInt8]?
}

/// Finds the events in a stream's bytes, which may come cut at any place.
///
/// As the HTML standard has it: lines end with LF, CR or CRLF, a byte order mark may lead, a blank line ends an event, a
/// line that begins with a colon is a comment. Unlike there a blank line after comments alone is an event, too, one without
/// data, so that whoever passes the bytes on learns of every place where they may be cut.
struct EventReader {
  private var line: [UInt8] = []
  private var event = ServerSentEvent()
  private var isAtStart = true
  private var isAfterCarriageReturn = false

  /// Takes bytes off the chunk up to the end of an event; nil when the chunk is used up before.
  mutating func next(_ chunk: inout Bytes) -> ServerSentEvent? {
    while let byte = chunk.first {
      if isAfterCarriageReturn && byte == UInt8(ascii: "\n") {
        isAfterCarriageReturn = false
        chunk.removeFirst()
        continue
      }
      isAfterCarriageReturn = false
      let end = Self.endOfLine(in: chunk)
      line += chunk[..<(end ?? chunk.endIndex)]
      guard let end else {
        chunk = []
        return nil
      }
      isAfterCarriageReturn = chunk[end] == UInt8(ascii: "\r")
      chunk = chunk[(end + 1)...]
      if let event = endLine() { return event }
    }
    return nil
  }

  /// What a stream that ends without a blank line leaves; nil where that is nothing.
  mutating func finish() -> ServerSentEvent? {
    if !line.isEmpty { _ = endLine() }
    defer { event = ServerSentEvent() }
    return event.data == nil ? nil : event
  }

  private static func endOfLine(in chunk: Bytes) -> Int? {
    chunk.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return nil }
      let feed = memchr(start, Int32(UInt8(ascii: "\n")), bytes.count)
      let length = feed.map { UnsafeRawPointer($0) - start } ?? bytes.count
      let end = memchr(start, Int32(UInt8(ascii: "\r")), length) ?? feed
      return end.map { chunk.startIndex + (UnsafeRawPointer($0) - start) }
    }
  }

  private mutating func endLine() -> ServerSentEvent? {
    defer { line.removeAll(keepingCapacity: true) }
    var text = line[...]
    if isAtStart {
      isAtStart = false
      let mark: [UInt8] = [0xef, 0xbb, 0xbf]
      if text.starts(with: mark) { text = text.dropFirst(mark.count) }
    }
    guard !text.isEmpty else {
      defer { event = ServerSentEvent() }
      return event
    }
    take(text)
    return nil
  }

  private mutating func take(_ text: Bytes) {
    let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
    var value = text[colon...].dropFirst()
    if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
    switch text[..<colon] {
    case let name where name.elementsEqual("data".utf8):
      // In place: an event may have millions of lines.
      if event.data == nil {
        event.data = Array(value)
      } else {
        event.data?.append(UInt8(ascii: "\n"))
        event.data?.append(contentsOf: value)
      }
    case let name where name.elementsEqual("event".utf8): event.name = Array(value)
    default: break
    }
  }
}
