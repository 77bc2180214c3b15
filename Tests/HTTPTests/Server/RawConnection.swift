import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A TCP connection that sends exactly the bytes it is given. Its calls block: use it within `onThread`.
final class RawConnection {
  struct Answer: Equatable {
    var status: Int
    /// Names in lower case.
    var fields: [String: String]
    var body: [UInt8]
    /// The body ended as its framing says, not by the connection's end.
    var isWhole: Bool

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  struct Failure: Error { var errno: Int32 }

  private let descriptor: Int32
  private var received: [UInt8] = []

  init(port: Int, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(errno: errno) }
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(errno: errno) }
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
  }

  deinit { Glibc.close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(errno: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Says that nothing more will be sent.
  func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Whether the peer has closed, once every byte is read.
  func isClosedByPeer() throws -> Bool { try receive() == 0 && received.isEmpty }

  /// All that comes up to the end of a chunked answer whose head was read alone.
  func rest() throws -> String {
    while received.firstRange(of: Array("0\r\n\r\n".utf8)) == nil, try receive() > 0 {}
    return String(decoding: received, as: UTF8.self)
  }

  /// The next answer; nil when the connection ends before one.
  func answer(toHead isHead: Bool = false) throws -> Answer? {
    var end: Range<Int>?
    while true {
      end = received.firstRange(of: Array("\r\n\r\n".utf8))
      if end != nil { break }
      if try receive() == 0 { return nil }
    }
    guard let end else { return nil }
    let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    received.removeFirst(end.upperBound)
    var answer = Answer(status: Int(lines[0].split(separator: " ")[1]) ?? 0, fields: [:], body: [], isWhole: true)
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      answer.fields[parts[0].lowercased()] = parts.count > 1 ? parts[1] : ""
    }
    if isHead || answer.status < 200 || answer.status == 204 || answer.status == 304 { return answer }
    if answer.fields["transfer-encoding"] == "chunked" {
      answer.isWhole = try takeChunks(into: &answer.body)
    } else if let length = answer.fields["content-length"].flatMap({ Int($0) }) {
      answer.isWhole = try take(length, into: &answer.body)
    } else {
      while try receive() > 0 {}
      (answer.body, received) = (received, [])
    }
    return answer
  }

  private func takeChunks(into body: inout [UInt8]) throws -> Bool {
    while true {
      var line: [UInt8] = []
      while !line.suffix(2).elementsEqual([13, 10]) {
        guard try take(1, into: &line) else { return false }
      }
      guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else { return false }
      var end: [UInt8] = []
      guard try take(size, into: &body), try take(2, into: &end), end == [13, 10] else { return false }
      if size == 0 { return true }
    }
  }

  private func take(_ count: Int, into bytes: inout [UInt8]) throws -> Bool {
    while received.count < count {
      if try receive() == 0 {
        bytes += received
        received = []
        return false
      }
    }
    bytes += received.prefix(count)
    received.removeFirst(count)
    return true
  }

  /// Reads what has come; 0: the peer has closed or reset the connection.
  private func receive() throws -> Int {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count < 0, errno == ECONNRESET { return 0 }
    guard count >= 0 else { throw Failure(errno: errno) }
    received += buffer.prefix(count)
    return count
  }
}

/// Carries a connection between threads that use it one after another.
struct SendableBox<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}

/// Runs blocking work on a thread of its own: the pool's few threads belong to the server's handlers.
func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try work() }) }
  }
}
