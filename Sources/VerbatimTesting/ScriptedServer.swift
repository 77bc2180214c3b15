import Foundation
import Synchronization

/// A server on 127.0.0.1 that does to every connection what a test says, sound HTTP or not.
package final class ScriptedServer: Sendable {
  package struct Failure: Error {
    package let call: String
    package let code: Int32
  }

  package let port: UInt16
  private let listener: Int32
  private let accepted = Atomic(0)

  /// How many connections there have been.
  package var connectionCount: Int { accepted.load(ordering: .sequentiallyConsistent) }

  /// `script` runs on a thread of its own for every connection, which is closed when it returns.
  package init(_ script: @escaping @Sendable (Peer) -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw Failure(call: "socket", code: errno) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, address, &size) == 0
          ? 0 : errno
      }
    }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    guard code == 0 else {
      close(listener)
      throw Failure(call: "bind", code: code)
    }
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { break }
        self?.accepted.add(1, ordering: .sequentiallyConsistent)
        Thread.detachNewThread {
          script(Peer(socket: connection))
          close(connection)
        }
      }
      close(listener)
    }
  }

  // Wakes the thread in `accept`, which then closes the socket.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }
}

/// A client's connection, as the script sees it.
package struct Peer: Sendable {
  package let socket: Int32

  /// The next request, head and body (of its Content-Length) together; nil when the client has gone.
  package func readRequest() -> String? {
    var bytes: [UInt8] = []
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound {
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        if bytes.count - end >= contentLength(head) { return String(decoding: bytes, as: UTF8.self) }
      }
      guard let part = read() else { return nil }
      bytes += part
    }
  }

  /// What the client sends next; nil at the end.
  package func read() -> [UInt8]? {
    var part = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(socket, &part, part.count, 0)
    return count > 0 ? Array(part.prefix(count)) : nil
  }

  package func waitForEnd() { while read() != nil {} }

  /// False when the client has gone.
  @discardableResult
  package func send(_ text: String) -> Bool { send(bytes: Array(text.utf8)[...]) }

  @discardableResult
  package func send(bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  package func answer(_ body: String, fields: String = "") {
    send("HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  private func contentLength(_ head: String) -> Int {
    for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
      return Int(line.dropFirst(15).drop { $0 == " " }) ?? 0
    }
    return 0
  }
}
