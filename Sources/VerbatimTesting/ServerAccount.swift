import Foundation
import Glibc

/// Who a database server runs as: this user or, since PostgreSQL refuses to be root, `nobody` for root.
package struct ServerAccount: Sendable {
  private let user: uid_t
  private let group: gid_t
  private let isOther: Bool

  package init() throws {
    isOther = geteuid() == 0
    guard isOther else {
      (user, group) = (geteuid(), getegid())
      return
    }
    guard let entry = getpwnam("nobody") else { throw SpawnError("there is no user nobody to run a server as") }
    (user, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
  }

  /// `command` as this account runs it, without a process in between.
  package func command(_ command: [String]) -> [String] {
    isOther ? ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--"] + command : command
  }

  package func own(_ path: String) throws {
    guard isOther, chown(path, user, group) != 0 else { return }
    throw SpawnError("cannot give \(path) to user \(user): \(String(cString: strerror(errno)))")
  }

  /// Runs `program` to its end as this account, in `folder`; throws what it complained of when it fails.
  package func run(_ program: String, _ arguments: [String], in folder: TemporaryFolder) async throws {
    let words = command([program] + arguments)
    let outcome = try await SpawnedCommand.run(Array(words.dropFirst()), executable: words[0], in: folder)
    guard outcome.code == 0 else { throw SpawnError("\(program) failed: \(outcome.errors)\(outcome.output)") }
  }
}
