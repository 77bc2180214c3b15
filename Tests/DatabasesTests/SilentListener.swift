import Foundation
import Glibc

/// A unix socket that takes one connection and says nothing.
final class SilentListener: Sendable {
  struct Failure: Error {
    let code: Int32
  }

  /// Opens when somebody has connected.
  let isReached = Gate()
  private let descriptor: Int32

  init(path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    self.descriptor = descriptor
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let isListening = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(descriptor, 4) == 0
      }
    }
    guard isListening else { throw Failure(code: errno) }
    let isReached = isReached
    Thread.detachNewThread {
      // The connection is never closed: it ends with the process.
      if accept(descriptor, nil, nil) >= 0 { isReached.open() }
    }
  }

  deinit { close(descriptor) }
}
