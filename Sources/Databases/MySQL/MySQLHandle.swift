import CMariaDB
import Glibc

/// One connection of libmariadb's, as it is: opened here, closed with `close` or when it goes. Not for two threads at once.
final class MySQLHandle {
  /// Once for all threads, before any of them connects.
  private static let library: Void = { _ = mysql_server_init(0, nil, nil) }()

  let connection: UnsafeMutablePointer<MYSQL>
  private(set) var isClosed = false

  /// Connects and proves who it is; the session is not set up yet.
  init(_ address: MySQLAddress) throws(DatabaseError) {
    _ = Self.library
    guard let connection = mysql_init(nil) else {
      throw DatabaseError(kind: .unavailable, code: ENOMEM, message: "no memory for a connection")
    }
    self.connection = connection
    do throws(DatabaseError) {
      try connect(address)
    } catch {
      close()
      throw error.about(address)
    }
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    mysql_close(connection)
  }

  var isMariaDB: Bool { mariadb_connection(connection) != 0 }

  /// Whether the server takes the rows of an insert in one message, column by column.
  var takesBulk: Bool { isMariaDB && cmariadb_extended_capabilities(connection) & CMARIADB_BULK_OPERATIONS != 0 }

  /// What the server said with its last answer that was no error.
  var isInTransaction: Bool { connection.pointee.server_status & CMARIADB_IN_TRANSACTION != 0 }

  /// The server's number for this connection, as KILL wants it.
  var number: UInt { mysql_thread_id(connection) }

  var socket: Int32 { Int32(mysql_get_socket(connection)) }

  /// Whether the other end has hung up while nothing was asked of it.
  var isHungUp: Bool {
    var state = pollfd(fd: socket, events: Self.hungUp, revents: 0)
    return poll(&state, 1, 0) != 0
  }

  /// POLLRDHUP, which glibc declares for _GNU_SOURCE only. Not POLLIN: TLS may have something to say.
  private static let hungUp: Int16 = 0x2000

  /// Rows that the last UPDATE found, those included that had the new values already; nil after anything else.
  var matchedRows: Int? {
    let words = "Rows matched: "
    guard let facts = mysql_info(connection).map({ String(cString: $0) }), facts.hasPrefix(words) else { return nil }
    return Int(facts.dropFirst(words.count).prefix { $0.isNumber })
  }

  // MARK: Text statements

  /// Runs statements that take no values, separated by semicolons; what rows they give is thrown away.
  func run(_ script: String) throws(DatabaseError) {
    if isClosed { throw .closed }
    var script = script
    let code = script.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { mysql_real_query(connection, $0.baseAddress, UInt($0.count)) }
    }
    guard code == 0 else { throw error(script) }
    while true {
      // Without columns there is no result to free.
      if let result = mysql_use_result(connection) { mysql_free_result(result) }
      guard mysql_errno(connection) == 0 else { throw error(script) }
      let next = mysql_next_result(connection)
      if next < 0 { return }
      if next > 0 { throw error(script) }
    }
  }

  /// The first row of one statement, as text; empty where there is none.
  func firstRow(_ sql: String) throws(DatabaseError) -> [String?] {
    if isClosed { throw .closed }
    guard mysql_real_query(connection, sql, UInt(sql.utf8.count)) == 0, let result = mysql_store_result(connection)
    else { throw error(sql) }
    defer { mysql_free_result(result) }
    guard let row = mysql_fetch_row(result), let lengths = mysql_fetch_lengths(result) else { return [] }
    return (0..<Int(mysql_num_fields(result))).map { column in
      row[column].map { start in
        String(decoding: UnsafeRawBufferPointer(start: start, count: Int(lengths[column])), as: UTF8.self)
      }
    }
  }

  /// What the client library says about its last call, or what of it can be told.
  func error(_ sql: String? = nil) -> DatabaseError {
    .mySQL(mysql_errno(connection), String(cString: mysql_error(connection)), sql: sql)
  }

  // MARK: Connecting

  private func connect(_ address: MySQLAddress) throws(DatabaseError) {
    try setOptions(address)
    let database = address.database.isEmpty ? nil : address.database
    let flags = UInt(CMARIADB_FLAGS)
    let connected =
      switch address.place {
      case .host(let name, let port):
        mysql_real_connect(
          connection, name, address.user, address.password, database, UInt32(port), nil, flags)
      case .socket(let path):
        mysql_real_connect(connection, nil, address.user, address.password, database, 0, path, flags)
      }
    guard connected != nil else { throw error() }
    guard mysql_get_ssl_cipher(connection) != nil || !address.tlsMode.isRequired else {
      throw DatabaseError(kind: .unavailable, code: CR_SSL_CONNECTION_ERROR, message: "the server has no TLS")
    }
    if case .host = address.place { watchPeer() }
  }

  private func setOptions(_ address: MySQLAddress) throws(DatabaseError) {
    set(MYSQL_SET_CHARSET_NAME, "utf8mb4")
    set(MYSQL_OPT_LOCAL_INFILE, UInt32(0))
    set(MYSQL_OPT_CONNECT_TIMEOUT, address.connectTimeout.wholeSeconds)
    if let timeout = address.readTimeout { set(MYSQL_OPT_READ_TIMEOUT, timeout.wholeSeconds) }
    if let timeout = address.writeTimeout { set(MYSQL_OPT_WRITE_TIMEOUT, timeout.wholeSeconds) }
    // "localhost" would otherwise mean a unix socket.
    let isSocket = if case .socket = address.place { true } else { false }
    set(MYSQL_OPT_PROTOCOL, (isSocket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP).rawValue)
    set(MYSQL_OPT_SSL_ENFORCE, CChar(address.tlsMode == .disabled ? 0 : 1))
    set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, CChar(address.tlsMode == .verified ? 1 : 0))
    guard address.tlsMode != .disabled else { return }
    let files = [
      (MYSQL_OPT_SSL_CA, address.rootCertificate), (MYSQL_OPT_SSL_CERT, address.certificate),
      (MYSQL_OPT_SSL_KEY, address.privateKey),
    ]
    for (option, path) in files {
      guard let path else { continue }
      guard Files.exists(path) else { throw .file(ENOENT, path) }
      set(option, path)
    }
  }

  private func set(_ option: mysql_option, _ value: some BitwiseCopyable) {
    withUnsafeBytes(of: value) { _ = mysql_options(connection, option, $0.baseAddress) }
  }

  private func set(_ option: mysql_option, _ value: String) { mysql_options(connection, option, value) }

  /// A server that vanished without a word is noticed within half a minute, be it asked or waited for.
  private func watchPeer() {
    for (option, value) in [(TCP_KEEPIDLE, 10), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 4), (TCP_USER_TIMEOUT, 30_000)] {
      var value = Int32(value)
      // An option that cannot be had is only one comfort less.
      setsockopt(socket, Int32(IPPROTO_TCP), Int32(option), &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }
}

extension MySQLAddress.TLSMode {
  fileprivate var isRequired: Bool { self == .unverified || self == .verified }
}

extension Duration {
  /// At least one: the client library takes 0 for no limit.
  var wholeSeconds: UInt32 { UInt32(clamping: max(1, components.seconds + (components.attoseconds > 0 ? 1 : 0))) }
}
