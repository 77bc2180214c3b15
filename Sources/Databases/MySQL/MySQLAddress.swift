/// Where a MySQL or MariaDB database is and how it is reached.
package struct MySQLAddress: Sendable, Equatable {
  package enum Place: Sendable, Equatable {
    case host(String, port: UInt16)
    /// The path of a unix socket.
    case socket(String)
  }

  package enum TLSMode: Sendable, Equatable {
    case disabled
    /// TLS where the server offers it, without looking at its certificate.
    case preferred
    /// TLS or nothing, without looking at the certificate.
    case unverified
    /// TLS with a certificate that an authority vouches for and that names the host.
    case verified
  }

  package var place: Place
  package var user: String
  package var password: String?
  package var database: String
  package var tlsMode: TLSMode = .disabled
  /// Paths of PEM files.
  package var rootCertificate: String?
  package var certificate: String?
  package var privateKey: String?
  package var connectTimeout: Duration = .seconds(5)
  /// How long the server may say nothing while it is read from or written to; nil for as long as it takes.
  package var readTimeout: Duration?
  package var writeTimeout: Duration?
  /// Bytes of the largest message to send; nil for what the server takes.
  package var maximumPacket: Int?
  /// Whether rows go in bulk where the server can (MariaDB); else in statements of many rows.
  package var usesBulk = true
  /// Session variables to set once connected, by name.
  package var variables: [String: String] = [:]

  package init(_ place: Place, user: String, password: String? = nil, database: String) {
    self.place = place
    self.user = user
    self.password = password
    self.database = database
  }
}

extension MySQLAddress: CustomStringConvertible {
  /// Without the password and the variables, for logs and errors.
  package var description: String {
    switch place {
    case .host(let name, let port):
      "mysql://\(user)@" + (name.contains(":") ? "[\(name)]" : name) + ":\(port)/\(database)"
    case .socket(let path): "mysql://\(user)@unix(\(path))/\(database)"
    }
  }
}
