import Foundation
import Glibc

/// A database server run for tests. It ends with this process, however that ends: a shell that waits on a pipe of ours
/// kills it, and removes its folder.
package final class DatabaseServerProcess: Sendable {
  /// Arguments: the server's folder, then its command. While the server runs, each line on standard input is a signal
  /// for it; the end of the input is the end of the tests. The folder may be gone by then, and a redirection that fails
  /// ends the shell with `:`, though not with `true`.
  private static let script = """
    folder=$1
    shift
    exec 3<&0
    "$@" </dev/null 3<&- &
    server=$!
    (
      while read -r signal <&3; do kill -"$signal" "$server"; done
      true > "$folder/abandoned"
      kill -KILL "$server"
    ) &
    watcher=$!
    wait "$server"
    code=$?
    if [ -e "$folder/abandoned" ]; then
      rm -rf "$folder"
    else
      kill -KILL "$watcher"
    fi
    exit "$code"
    """

  private let shell: ChildProcess
  private let signals: FileHandle
  /// Held open, so that a signal for a server that has just ended is no broken pipe.
  private let reading: FileHandle

  /// What the server says goes to `log`. The program must not fork.
  package init(_ command: [String], folder: String, log: String) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw SpawnError("no pipe: \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    signals = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    try Data().write(to: URL(fileURLWithPath: log))
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    shell = try withExtendedLifetime(output) {
      try ChildProcess(
        "/bin/sh", ["-c", Self.script, "sh", folder] + command, folder: folder, input: ends[0],
        output: output.fileDescriptor, errors: output.fileDescriptor)
    }
  }

  package var isRunning: Bool { shell.isRunning }

  /// Sends the server a signal, without waiting for what comes of it.
  package func send(_ signal: String) throws {
    if shell.isRunning { try signals.write(contentsOf: Data("\(signal)\n".utf8)) }
  }

  /// Sends the server a signal (`KILL`: as a crash) and returns when it is gone.
  package func end(with signal: String) async throws {
    try send(signal)
    await shell.waitForEnding()
  }
}

/// A port of loopback that nobody listens on at this moment.
package func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let code = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
    let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
    let isBound = bind(descriptor, pointer, size) == 0
    return isBound && getsockname(descriptor, pointer, &size) == 0 ? 0 : errno
  }
  guard code == 0 else { throw SpawnError("no free port: \(String(cString: strerror(code)))") }
  return Int(UInt16(bigEndian: address.sin_port))
}
