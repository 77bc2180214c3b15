import CCurl
import Glibc

/// What libcurl waits for, as one epoll descriptor, and a bell that other threads ring.
///
/// `@unchecked Sendable`: it belongs to one thread but for `ring`, which is a write to a descriptor.
final class SocketQueue: @unchecked Sendable {
  private let queue: Int32
  private let bell: Int32
  private var watched: Set<Int32> = []
  private var ready = [curl_ready](repeating: curl_ready(), count: Int(curl_most_ready))

  /// nil where the system has no descriptors left.
  init?() {
    queue = epoll_create1(Int32(EPOLL_CLOEXEC))
    bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard queue >= 0, bell >= 0, curl_epoll_watch(queue, EPOLL_CTL_ADD, bell, EPOLLIN.rawValue) == 0 else { return nil }
  }

  deinit {
    if queue >= 0 { close(queue) }
    if bell >= 0 { close(bell) }
  }

  /// Ends the wait of the thread, or the next one.
  func ring() {
    var one: UInt64 = 1
    // It fails only where the count is full, and then the bell rings.
    _ = write(bell, &one, MemoryLayout<UInt64>.size)
  }

  /// `events`: libcurl's. It may have closed a socket and opened another of the same number.
  func watch(_ socket: Int32, for events: Int32) {
    if events == CURL_POLL_REMOVE {
      // A closed one is gone already.
      _ = curl_epoll_watch(queue, EPOLL_CTL_DEL, socket, 0)
      watched.remove(socket)
      return
    }
    var mask: UInt32 = 0
    if events & CURL_POLL_IN != 0 { mask |= EPOLLIN.rawValue }
    if events & CURL_POLL_OUT != 0 { mask |= EPOLLOUT.rawValue }
    let isKnown = !watched.insert(socket).inserted
    if isKnown, curl_epoll_watch(queue, EPOLL_CTL_MOD, socket, mask) == 0 { return }
    if curl_epoll_watch(queue, EPOLL_CTL_ADD, socket, mask) == 0 { return }
    _ = curl_epoll_watch(queue, EPOLL_CTL_MOD, socket, mask)
  }

  /// Waits until something is ready, the bell rings or the time is over, and gives sockets with libcurl's flags.
  func wait(milliseconds: Int32, _ body: (_ socket: Int32, _ flags: Int32) -> Void) {
    let count = ready.withUnsafeMutableBufferPointer { curl_epoll_wait(queue, $0.baseAddress, milliseconds) }
    for index in 0..<Int(count) {
      let (socket, events) = (ready[index].descriptor, ready[index].events)
      if socket == bell {
        var count: UInt64 = 0
        _ = read(bell, &count, MemoryLayout<UInt64>.size)
        continue
      }
      var flags: Int32 = 0
      if events & EPOLLIN.rawValue != 0 { flags |= CURL_CSELECT_IN }
      if events & EPOLLOUT.rawValue != 0 { flags |= CURL_CSELECT_OUT }
      if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { flags |= CURL_CSELECT_ERR }
      body(socket, flags)
    }
  }
}
