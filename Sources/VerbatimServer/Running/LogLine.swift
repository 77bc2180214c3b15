import Glibc
import VerbatimModel

/// Lays out one line of the log in either format.
enum LogLine {
  static func append(
    to line: inout [UInt8], _ format: Configuration.LogFormat, level: LogLevel, message: String,
    fields: [(String, String)], time: LogTime
  ) {
    switch format {
    case .json:
      line += "{\"time\":\"".utf8
      time.append(to: &line, separator: UInt8(ascii: "T"))
      line += "\",\"level\":\"".utf8
      line += level.name.utf8
      line += "\",\"message\":".utf8
      appendQuoted(message, to: &line)
      for (name, value) in fields {
        line.append(UInt8(ascii: ","))
        appendQuoted(name, to: &line)
        line.append(UInt8(ascii: ":"))
        appendQuoted(value, to: &line)
      }
      line += "}\n".utf8
    case .text:
      time.append(to: &line, separator: UInt8(ascii: " "))
      line.append(UInt8(ascii: " "))
      line += level.name.uppercased().utf8
      line.append(UInt8(ascii: " "))
      appendPlain(message, to: &line)
      for (name, value) in fields {
        line.append(UInt8(ascii: " "))
        line += name.utf8
        line.append(UInt8(ascii: "="))
        let needsQuotes = value.isEmpty || value.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") }
        if needsQuotes { appendQuoted(value, to: &line) } else { line += value.utf8 }
      }
      line.append(UInt8(ascii: "\n"))
    }
  }

  private static func appendQuoted(_ text: String, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        line.append(UInt8(ascii: "\\"))
        line.append(byte)
      case 0x0A: line += "\\n".utf8
      case 0x0D: line += "\\r".utf8
      case 0x09: line += "\\t".utf8
      case 0..<0x20, 0x7F:
        line += "\\u00".utf8
        line.append(hexDigit(byte >> 4))
        line.append(hexDigit(byte & 15))
      default: line.append(byte)
      }
    }
    line.append(UInt8(ascii: "\""))
  }

  /// One line stays one line, and a terminal is told nothing.
  private static func appendPlain(_ text: String, to line: inout [UInt8]) {
    for byte in text.utf8 { line.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte) }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

/// A moment as the log shows it: local time with milliseconds and the offset, in the zone that `TZ` names.
struct LogTime {
  private let calendar: tm
  private let milliseconds: Int

  static func now() -> LogTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return LogTime(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
  }

  init(seconds: Int, milliseconds: Int) {
    var seconds = seconds
    var calendar = tm()
    localtime_r(&seconds, &calendar)
    self.calendar = calendar
    self.milliseconds = milliseconds
  }

  func append(to line: inout [UInt8], separator: UInt8) {
    Self.append(Int(calendar.tm_year) + 1900, width: 4, to: &line)
    line.append(UInt8(ascii: "-"))
    Self.append(Int(calendar.tm_mon) + 1, width: 2, to: &line)
    line.append(UInt8(ascii: "-"))
    Self.append(Int(calendar.tm_mday), width: 2, to: &line)
    line.append(separator)
    Self.append(Int(calendar.tm_hour), width: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    Self.append(Int(calendar.tm_min), width: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    Self.append(Int(calendar.tm_sec), width: 2, to: &line)
    line.append(UInt8(ascii: "."))
    Self.append(milliseconds, width: 3, to: &line)
    let offset = calendar.tm_gmtoff / 60
    if offset == 0 {
      line.append(UInt8(ascii: "Z"))
    } else {
      line.append(UInt8(ascii: offset < 0 ? "-" : "+"))
      Self.append(abs(offset) / 60, width: 2, to: &line)
      line.append(UInt8(ascii: ":"))
      Self.append(abs(offset) % 60, width: 2, to: &line)
    }
  }

  private static func append(_ number: Int, width: Int, to line: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      line.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }
}
