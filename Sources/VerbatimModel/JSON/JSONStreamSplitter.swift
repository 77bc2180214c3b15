import CSimdjson
import Glibc

/// Cuts a JSON array, or lines of JSON, that arrive in chunks into their elements, holding one element at most.
///
/// Push a chunk, then ask `next()` until it gives nil; at the body's end `finish()`, and ask again. An element that lies
/// whole in one chunk is a slice of it. Elements are not checked: whoever parses them reports what is wrong with them.
/// In lines, a malformed element says nothing about those after it. In an array it means that the body has stopped being
/// JSON; the splitter goes on at the matching bracket, and the caller decides.
package struct JSONStreamSplitter: Sendable {
  package enum Format: Sendable {
    /// One JSON array.
    case array
    /// NDJSON: a value a line, blank lines without meaning, LF or CRLF, the last without either if it likes.
    case lines
  }

  package enum Event: Sendable, Equatable {
    /// The `index`th element, counted from 0; in lines, on this line, counted from 1.
    case element(Bytes, index: Int, line: Int?)
    /// An element larger than the limit, left out.
    case oversized(index: Int, line: Int?)
    /// The array breaks off or stops being JSON at this byte of the body; nothing comes after it.
    case malformed(offset: Int, reason: String)
  }

  private let format: Format
  private let maximumElementSize: Int
  private var chunk: Bytes = []
  private var atStart = true
  private var isFinished = false
  private var state = State.beforeArray
  private var scan = json_value_scan()
  /// What earlier chunks held of the element in hand.
  private var pending: [UInt8] = []
  private var isOversized = false
  private var index = 0
  private var line = 1
  /// Of the body's bytes before `chunk`.
  private var consumed = 0

  private enum State {
    case beforeArray, beforeFirst, beforeElement, inElement, afterElement, afterArray, stopped
  }

  package init(_ format: Format, maximumElementSize: Int = 32 << 20) {
    self.format = format
    self.maximumElementSize = maximumElementSize
  }

  /// Hands over the next bytes, once `next()` has given nil.
  package mutating func push(_ bytes: Bytes) {
    // What is left of the chunk before is at most a cut byte order mark.
    chunk = chunk.isEmpty ? bytes : chunk + bytes
  }

  package mutating func push(_ bytes: [UInt8]) { push(bytes[...]) }

  /// The body ends here; a cut line comes out, a cut array is malformed.
  package mutating func finish() { isFinished = true }

  /// The next event; nil when more bytes are needed, or after the last.
  package mutating func next() -> Event? {
    guard skipByteOrderMark() else { return nil }
    return switch format {
    case .array: nextElement()
    case .lines: nextLine()
    }
  }

  /// False while it may yet turn out to be one.
  private mutating func skipByteOrderMark() -> Bool {
    guard atStart else { return true }
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    if chunk.starts(with: mark) {
      drop(mark.count)
    } else if !isFinished && mark.starts(with: chunk) {
      return false
    }
    atStart = false
    return true
  }

  private mutating func drop(_ count: Int) {
    chunk = chunk.dropFirst(count)
    consumed += count
  }

  /// Takes bytes off the chunk as the element's next ones.
  private mutating func take(_ count: Int, isLast: Bool) -> Bytes? {
    let piece = chunk.prefix(count)
    drop(count)
    if isOversized || pending.count + count > maximumElementSize {
      isOversized = true
      pending = []
      return nil
    }
    if isLast && pending.isEmpty { return piece }
    pending.append(contentsOf: piece)
    guard isLast else { return nil }
    defer { pending = [] }
    return pending[...]
  }

  private mutating func event(_ element: Bytes?, line: Int?) -> Event {
    defer {
      index += 1
      isOversized = false
    }
    return element.map { .element($0, index: index, line: line) } ?? .oversized(index: index, line: line)
  }
}

extension JSONStreamSplitter {
  private mutating func nextLine() -> Event? {
    while true {
      let end = lengthOfLine()
      guard end != nil || isFinished else {
        _ = take(chunk.count, isLast: false)
        return nil
      }
      if end == nil && chunk.isEmpty && pending.isEmpty && !isOversized { return nil }
      let number = line
      let text = take(end ?? chunk.count, isLast: true)
      if end != nil { drop(1) }
      line += 1
      if let text, text.trimmingJSONSpace().isEmpty { continue }
      return event(text?.last == UInt8(ascii: "\r") ? text?.dropLast() : text, line: number)
    }
  }

  /// Up to the next line feed in the chunk.
  private func lengthOfLine() -> Int? {
    chunk.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, let end = memchr(start, Int32(UInt8(ascii: "\n")), bytes.count) else {
        return nil
      }
      return UnsafeRawPointer(end) - start
    }
  }
}

extension JSONStreamSplitter {
  private mutating func nextElement() -> Event? {
    while state != .stopped {
      if state == .inElement {
        switch scanElement() {
        case .some(let event): return event
        case nil where state == .inElement: return isFinished ? malformed("ends early") : nil
        case nil: continue
        }
      }
      drop(chunk.prefix { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }.count)
      guard let byte = chunk.first else { return isFinished ? atEnd() : nil }
      if let event = advance(over: byte) { return event }
    }
    chunk = []
    return nil
  }

  /// Between elements: what the byte means there.
  private mutating func advance(over byte: UInt8) -> Event? {
    switch (state, byte) {
    case (.beforeArray, UInt8(ascii: "[")): state = .beforeFirst
    case (.beforeArray, _): return malformed("expected an array")
    case (.beforeFirst, UInt8(ascii: "]")), (.afterElement, UInt8(ascii: "]")): state = .afterArray
    case (.afterElement, UInt8(ascii: ",")): state = .beforeElement
    case (.afterElement, _): return malformed("expected , or ]")
    case (.afterArray, _): return malformed("bytes after the array")
    default:
      guard Self.beginsValue(byte) else { return malformed("not a value") }
      state = .inElement
      scan = json_value_scan()
      return nil
    }
    drop(1)
    return nil
  }

  private static func beginsValue(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "t"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// nil when the chunk ends before the element.
  private mutating func scanElement() -> Event? {
    var position = 0
    var scan = self.scan
    let result = chunk.withUnsafeBufferPointer { json_scan_value(&scan, $0.baseAddress, $0.count, &position) }
    self.scan = scan
    switch result {
    case json_scan_complete:
      state = .afterElement
      return event(take(position, isLast: true), line: nil)
    case json_scan_more:
      _ = take(position, isLast: false)
      return nil
    default:
      drop(position)
      return malformed("broken value")
    }
  }

  private mutating func atEnd() -> Event? {
    if state == .afterArray {
      state = .stopped
      return nil
    }
    return malformed(state == .beforeArray ? "no value" : "ends early")
  }

  private mutating func malformed(_ reason: String) -> Event {
    state = .stopped
    pending = []
    return .malformed(offset: consumed, reason: reason)
  }
}
