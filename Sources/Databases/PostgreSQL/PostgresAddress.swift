/// Where a PostgreSQL database is and how it is reached.
package struct PostgresAddress: Sendable, Equatable {
  package struct Host: Sendable, Equatable {
    /// A name, an IP address, or the folder of a unix socket, which begins with `/`.
    package var name: String
    package var port: UInt16

    package init(_ name: String, port: UInt16 = 5432) {
      self.name = name
      self.port = port
    }
  }

  /// libpq's words: https://www.postgresql.org/docs/current/libpq-ssl.html
  package enum TLSMode: String, Sendable, CaseIterable {
    case disable, allow, prefer, require
    case verifyAuthority = "verify-ca"
    case verifyFull = "verify-full"
  }

  /// Tried in order.
  package var hosts: [Host]
  package var user: String
  package var password: String?
  package var database: String
  package var tlsMode: TLSMode = .prefer
  /// Paths of PEM files.
  package var rootCertificate: String?
  package var certificate: String?
  package var privateKey: String?
  /// For one host.
  package var connectTimeout: Duration = .seconds(5)
  /// Further parameters of libpq by its own names (`application_name`, `options`, `target_session_attrs`, …).
  package var parameters: [String: String] = [:]

  package init(hosts: [Host], user: String, password: String? = nil, database: String) {
    self.hosts = hosts
    self.user = user
    self.password = password
    self.database = database
  }
}

extension PostgresAddress: CustomStringConvertible {
  /// Without the password and the parameters, for logs and errors.
  package var description: String {
    let places = hosts.map { host in
      host.name.contains(":") ? "[\(host.name)]:\(host.port)" : "\(host.name):\(host.port)"
    }
    return "postgres://\(user)@\(places.joined(separator: ","))/\(database)"
  }
}
