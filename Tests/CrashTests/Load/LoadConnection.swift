import Foundation
import Glibc
import VerbatimTesting

/// One blocking HTTP connection that never repeats a request by itself, as libcurl may: what was sent once may be
/// stored once at most.
final class LoadConnection {
  struct Answer {
    var status: Int
    var fields: [String: String]
    var body: Data

    func json() throws -> [String: Any] {
      guard let object = try JSONSerialization.jsonObject(with: body) as? [String: Any] else {
        throw SpawnError("not a JSON object: \(String(decoding: body, as: UTF8.self))")
      }
      return object
    }
  }

  /// The server is gone, or closed the connection.
  struct Lost: Error {}

  private let socket: Int32
  private var received: [UInt8] = []

  init(port: Int) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw SpawnError("no socket: \(errno)") }
    var limit = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      close(socket)
      throw Lost()
    }
  }

  deinit { close(socket) }

  func get(_ path: String) throws -> Answer {
    try send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n", Data())
    return try receive()
  }

  /// `onSent` runs when the whole request has left and no answer was read yet.
  func post(
    _ path: String, _ body: Data, type: String = "application/json", onSent: () -> Void = {}
  ) throws -> Answer {
    try send(
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n"
        + "Content-Length: \(body.count)\r\n\r\n", body)
    onSent()
    return try receive()
  }

  private func send(_ head: String, _ body: Data) throws {
    let bytes = Array(head.utf8) + body
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Lost() }
      sent += count
    }
  }

  private func receive() throws -> Answer {
    let separator = Data("\r\n\r\n".utf8)
    var end = Data(received).range(of: separator)
    while end == nil {
      try receiveMore()
      end = Data(received).range(of: separator)
    }
    guard let end else { throw Lost() }
    let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    received.removeSubrange(..<end.upperBound)

    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2 { fields[parts[0].lowercased()] = parts[1] }
    }
    let words = lines[0].split(separator: " ")
    guard words.count > 1, let status = Int(words[1]), let length = fields["content-length"].flatMap({ Int($0) }) else {
      throw SpawnError("an answer without status or length: \(lines)")
    }
    while received.count < length { try receiveMore() }
    defer { received.removeSubrange(..<length) }
    return Answer(status: status, fields: fields, body: Data(received[..<length]))
  }

  private func receiveMore() throws {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &chunk, chunk.count, 0)
    if count < 0, errno == EAGAIN { throw SpawnError("no answer within two minutes") }
    guard count > 0 else { throw Lost() }
    received += chunk[..<count]
  }
}
