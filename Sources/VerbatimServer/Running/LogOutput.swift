import Dispatch
import Glibc
import Synchronization
import VerbatimModel

/// Writes log lines to a file descriptor, several at once.
///
/// Lines wait at most a moment in memory: a warning or an error goes out at once, others within 200 ms or when 32 KB
/// have gathered; `flush()` at the end leaves nothing behind. When nobody reads, writers wait rather than lose a line.
package final class LogOutput: Sendable {
  private struct Buffer {
    var bytes: [UInt8] = []
    var isFlushScheduled = false
  }

  private let descriptor: Int32
  private let format: Configuration.LogFormat
  private let buffer = Mutex(Buffer())
  private let queue = DispatchQueue(label: "verbatim.log")
  private static let fullSize = 32 << 10
  /// Past this, whoever logs writes the lines itself.
  private static let largestSize = 1 << 20

  package init(descriptor: Int32 = STDERR_FILENO, format: Configuration.LogFormat) {
    self.descriptor = descriptor
    self.format = format
  }

  package func log(level: LogLevel) -> Log {
    Log(level: level) { level, message, fields in
      self.write(level: level, message: message, fields: fields, isUrgent: level >= .warning)
    }
  }

  package func write(level: LogLevel, message: String, fields: [(String, String)], isUrgent: Bool) {
    var line: [UInt8] = []
    line.reserveCapacity(256)
    LogLine.append(to: &line, format, level: level, message: message, fields: fields, time: LogTime.now())
    append(line, isUrgent: isUrgent)
  }

  /// Appends one finished line.
  func append(_ line: [UInt8], isUrgent: Bool) {
    let (size, mustSchedule) = buffer.withLock { buffer in
      buffer.bytes += line
      let mustSchedule = !buffer.isFlushScheduled && !isUrgent && buffer.bytes.count < Self.fullSize
      if mustSchedule { buffer.isFlushScheduled = true }
      return (buffer.bytes.count, mustSchedule)
    }
    if size >= Self.largestSize {
      flush()
    } else if isUrgent || size >= Self.fullSize {
      queue.async { self.writeWaiting() }
    } else if mustSchedule {
      queue.asyncAfter(deadline: .now() + .milliseconds(200)) { self.writeWaiting() }
    }
  }

  /// Returns when every line given so far has been written.
  package func flush() {
    queue.sync { writeWaiting() }
  }

  /// On `queue` only, so that lines keep their order.
  private func writeWaiting() {
    let bytes = buffer.withLock { buffer in
      buffer.isFlushScheduled = false
      defer { buffer.bytes = [] }
      return buffer.bytes
    }
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if count < 0, errno == EINTR || errno == EAGAIN {
          var descriptor = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&descriptor, 1, 100)
        } else {
          // The log is closed; there is nobody left to tell.
          return
        }
      }
    }
  }
}
