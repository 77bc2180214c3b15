@testable import VerbatimModel

/// A JSON value to compare by: objects without order and the last of repeated keys, numbers by their text, strings by
/// their UTF-16 units, so that lone surrogates and NUL count.
indirect enum JSONValue: Hashable {
  case object([[UInt16]: JSONValue])
  case array([JSONValue])
  case string([UInt16])
  case other(String)

  init(_ slice: JSONSlice) {
    switch slice.kind {
    case .object:
      var fields: [[UInt16]: JSONValue] = [:]
      for field in slice.fields { fields[Self.units(field.key.json)] = JSONValue(field.value) }
      self = .object(fields)
    case .array: self = .array(slice.elements.map { JSONValue($0) })
    case .string: self = .string(Self.units(slice.bytes))
    default: self = .other(slice.bytes.string)
    }
  }

  /// Touches everything below a slice, whatever it holds.
  static func walk(_ slice: JSONSlice) {
    for field in slice.fields {
      _ = field.key.text.string
      walk(field.value)
    }
    for element in slice.elements { walk(element) }
    _ = (slice.string?.string, slice.integer, slice.double, slice.boolean)
  }

  func write(to writer: inout JSONWriter) {
    switch self {
    case .object(let fields):
      writer.beginObject()
      for (key, value) in fields {
        var inner = JSONWriter()
        value.write(to: &inner)
        writer.field(key: Self.json(key), inner.bytes[...])
      }
      writer.endObject()
    case .array(let elements):
      writer.beginArray()
      for element in elements { element.write(to: &writer) }
      writer.endArray()
    case .string(let units): writer.raw(Self.json(units))
    case .other(let text): writer.raw(Bytes(utf8: text))
    }
  }

  private static func json(_ units: [UInt16]) -> Bytes {
    var text = "\""
    for unit in units {
      let digits = String(unit, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return Bytes(utf8: text + "\"")
  }

  /// Decodes a JSON string, quotation marks included, without the code under test.
  private static func units(_ json: Bytes) -> [UInt16] {
    var units: [UInt16] = []
    var rest = Array(json.dropFirst().dropLast().string.utf16)[...]
    while let unit = rest.popFirst() {
      guard unit == 0x5c, let letter = rest.popFirst() else {
        units.append(unit)
        continue
      }
      switch Character(Unicode.Scalar(UInt8(truncatingIfNeeded: letter))) {
      case "u":
        units.append(UInt16(String(decoding: rest.prefix(4), as: UTF16.self), radix: 16) ?? 0)
        rest = rest.dropFirst(4)
      case "b": units.append(8)
      case "f": units.append(12)
      case "n": units.append(10)
      case "r": units.append(13)
      case "t": units.append(9)
      default: units.append(letter)
      }
    }
    return units
  }
}

/// A small seeded generator: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
