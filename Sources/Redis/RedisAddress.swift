import Foundation

/// Where a Redis server is, and as whom it is spoken to.
package struct RedisAddress: Sendable, Equatable, CustomStringConvertible {
  /// A URL that makes no sense; the message never repeats it, since it may hold a password.
  package struct Problem: Error, Sendable, Equatable {
    package let problem: String
    package let allowed = "redis://[[user]:password@]host[:port][/database]"
  }

  package var host: String
  package var port: Int
  package var user: String?
  package var password: String?
  package var database: Int

  /// Without the password.
  package var description: String {
    let bracketed = host.contains(":") ? "[\(host)]" : host
    return "redis://\(bracketed):\(port)/\(database)"
  }

  package init(host: String = "127.0.0.1", port: Int, user: String? = nil, password: String? = nil, database: Int = 0) {
    self.host = host
    self.port = port
    self.user = user
    self.password = password
    self.database = database
  }

  /// `redis://:secret@127.0.0.1:6379/0`; what is not a letter or digit in the password is percent-encoded.
  package init(url: String) throws(Problem) {
    guard let parts = URLComponents(string: url, encodingInvalidCharacters: false), let scheme = parts.scheme else {
      throw Problem(problem: "is no URL; a password's special characters are percent-encoded")
    }
    guard scheme != "rediss" else { throw Problem(problem: "asks for TLS, which is not spoken to Redis") }
    guard scheme == "redis" else { throw Problem(problem: "does not begin with redis://") }
    guard let host = parts.host, !host.isEmpty else { throw Problem(problem: "names no host") }
    guard parts.query == nil, parts.fragment == nil else { throw Problem(problem: "has options, and none is known") }
    let path = parts.path.drop { $0 == "/" }
    guard path.isEmpty || Int(path).map({ (0...999).contains($0) }) == true else {
      throw Problem(problem: "names no database by its number")
    }
    self.init(
      host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port: parts.port ?? 6379,
      user: parts.user.flatMap { $0.isEmpty ? nil : $0 }, password: parts.password, database: Int(path) ?? 0)
    guard (1...65535).contains(port) else { throw Problem(problem: "has no such port") }
  }
}
