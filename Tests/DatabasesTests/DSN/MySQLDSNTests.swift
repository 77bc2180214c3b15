import Testing

@testable import Databases

@Suite struct MySQLDSNTests {
  private func address(_ dsn: String) throws -> MySQLAddress {
    guard case .mysql(let address) = try Engine(dsn: dsn) else {
      throw DSNError("leads to another engine", allowed: "MySQL")
    }
    return address
  }

  /// User, password, host or socket, database.
  private static let goForms: [(dsn: String, parts: [String?])] = [
    ("root:123456@tcp(localhost:3306)/oneapi", ["root", "123456", "localhost:3306", "oneapi"]),
    ("root:123456@tcp(mysql:3307)/new-api-mes?charset=utf8mb4", ["root", "123456", "mysql:3307", "new-api-mes"]),
    ("root@tcp(localhost)/db", ["root", nil, "localhost:3306", "db"]),
    ("root:@tcp4(localhost)/db", ["root", "", "localhost:3306", "db"]),
    ("u:p@tcp([::1]:3306)/db", ["u", "p", "::1:3306", "db"]),
    ("u:p@tcp6([fe80::1%25eth0])/db", ["u", "p", "fe80::1%eth0:3306", "db"]),
    ("u:p@unix(/run/mysqld/mysqld.sock)/db", ["u", "p", "/run/mysqld/mysqld.sock", "db"]),
    ("u:p@/db", ["u", "p", "127.0.0.1:3306", "db"]),
    ("u:p@tcp/db", ["u", "p", "127.0.0.1:3306", "db"]),
    ("u:p@(localhost)/db", ["u", "p", "localhost:3306", "db"]),
    ("u:p@s:s/w%rd@tcp(localhost:3306)/db", ["u", "p@s:s/w%rd", "localhost:3306", "db"]),
    ("u:p)/(w?x=y@tcp(localhost:3306)/db?loc=Asia/Shanghai", ["u", "p)/(w?x=y", "localhost:3306", "db"]),
    ("u:@tcp(@tcp(localhost:3306)/a%2Fb", ["u", "@tcp(", "localhost:3306", "a/b"]),
  ]

  private static let urls: [(dsn: String, parts: [String?])] = [
    ("mysql://root:123456@localhost/db", ["root", "123456", "localhost:3306", "db"]),
    ("mysql+aiomysql://root:password@127.0.0.1:3306/chat", ["root", "password", "127.0.0.1:3306", "chat"]),
    ("mysql+pymysql://root@localhost:3306/db?charset=utf8mb4", ["root", nil, "localhost:3306", "db"]),
    ("mariadb://u%40x:p%40s%3As%2Fw%25@localhost/d%2Fb", ["u@x", "p@s:s/w%", "localhost:3306", "d/b"]),
    ("MySQL://u:p@[::1]:3307/db", ["u", "p", "::1:3307", "db"]),
    ("mysql://u:p@s:s@localhost/db", ["u", "p@s:s", "localhost:3306", "db"]),
    ("mysql://u:p/s@localhost/db", ["u", "p/s", "localhost:3306", "db"]),
    ("mysql://u:p?s@localhost/db", ["u", "p?s", "localhost:3306", "db"]),
    ("mysql://u:p@/db", ["u", "p", "127.0.0.1:3306", "db"]),
    ("mysql://u:p@localhost/db?unix_socket=/run/m.sock", ["u", "p", "/run/m.sock", "db"]),
  ]

  @Test(arguments: goForms + urls)
  func `every form leads to its server`(_ dsn: String, _ parts: [String?]) throws {
    let address = try address(dsn)
    let place =
      switch address.place {
      case .host(let name, let port): "\(name):\(port)"
      case .socket(let path): path
      }
    #expect([address.user, address.password, place, address.database] == parts)
    #expect(address.tlsMode == .disabled)
  }

  @Test func `Go's parameters mean what they mean to Go`() throws {
    let address = try address(
      "u:p@tcp(h)/d?charset=utf8mb4,utf8&parseTime=True&loc=Asia%2FShanghai&collation=utf8mb4_bin&tls=true&timeout=1m30s"
        + "&readTimeout=500ms&writeTimeout=30s&maxAllowedPacket=67108864&interpolateParams=true&wait_timeout=600")
    #expect(address.tlsMode == .verified)
    #expect(address.connectTimeout == .seconds(90))
    #expect(address.readTimeout == .milliseconds(500))
    #expect(address.writeTimeout == .seconds(30))
    #expect(address.maximumPacket == 67_108_864)
    #expect(address.variables == ["wait_timeout": "600"])
  }

  @Test(arguments: [
    ("tls=false", MySQLAddress.TLSMode.disabled), ("tls=preferred", .preferred), ("tls=skip-verify", .unverified),
    ("ssl-mode=REQUIRED", .unverified), ("ssl_mode=VERIFY_IDENTITY", .verified), ("ssl_ca=/ca.pem", .verified),
    ("ssl_ca=/ca.pem&ssl_verify_cert=false", .unverified), ("parseTime=true", .disabled),
  ])
  func `TLS is as the parameters say`(_ query: String, _ mode: MySQLAddress.TLSMode) throws {
    #expect(try address("mysql://u:p@h/d?\(query)").tlsMode == mode)
  }

  @Test func `files and limits are kept`() throws {
    let address = try address(
      "mysql://u:p@h/d?ssl_ca=/ca.pem&ssl_cert=/c.pem&ssl_key=/k.pem&connect_timeout=7&read_timeout=0&bulk=off")
    #expect(address.rootCertificate == "/ca.pem")
    #expect(address.certificate == "/c.pem")
    #expect(address.privateKey == "/k.pem")
    #expect(address.connectTimeout == .seconds(7))
    #expect(address.readTimeout == nil)
    #expect(!address.usesBulk)
  }

  @Test(arguments: [
    ("u:secret@tcp(h:3306)/", "names no database"),
    ("u:secret@tcp(h:3306)/?parseTime=true", "names no database"),
    ("mysql://h/db", "names no user"),
    (":secret@tcp(h)/db", "names no user"),
    ("u:secret@udp(h)/db", "network"),
    ("u:secret@unix()/db", "socket"),
    ("u:secret@tcp(h:port)/db", "port"),
    ("u:secret@tcp(h:99999)/db", "port"),
    ("u:secret@tcp(::1)/db", "brackets"),
    ("u:secret@tcp([::1)/db", "bracket"),
    ("u:secret@tcp(h)/db?tsl=true", "tsl"),
    ("u:secret@tcp(h)/db?tls=custom", "tls"),
    ("u:secret@tcp(h)/db?timeout=soon", "timeout"),
    ("u:secret@tcp(h)/db?timeout", "without a value"),
    ("u:secret@tcp(h)/db?maxAllowedPacket=-1", "maxAllowedPacket"),
    ("mysql://u:sec%zzret@h/db", "hexadecimal"),
    ("mysql://u:secret%ff@h/db", "no text"),
    ("mysql://u:s@e/secret@h/db", "not encoded"),
    ("mysql://u:secret@h1,h2/db", "several hosts"),
    ("u:secret@localhost:3306/db", "looks like a server"),
    ("u:secret@tcp(h:3306)", "names no database"),
    ("jdbc:mysql://u:secret@h/db", "looks like a server"),
  ])
  func `a wrong one is refused with words that do not repeat it`(_ dsn: String, _ words: String) throws {
    let error = try #require(throws: DSNError.self) { try Engine(dsn: dsn) }
    #expect(error.description.contains(words))
    #expect(!error.description.contains("secret"))
    #expect(!error.description.contains("\n"))
    #expect(!Engine.redacted(dsn: dsn).contains("secret"))
  }
}
