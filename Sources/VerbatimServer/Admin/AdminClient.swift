import HTTP
import VerbatimModel
import VerbatimStore

/// The API as the command line uses it, as an administrator: so there is one way to do a thing, and permissions and
/// audit hold for it, too.
package struct AdminClient: Sendable {
  /// What the API refused, as its sentence for a person.
  package struct Refusal: Error, Sendable, CustomStringConvertible {
    package let status: Int
    package let description: String
  }

  private let transport: any AdminTransport

  init(_ transport: any AdminTransport) { self.transport = transport }

  /// Throws `Refusal` for every answer but 200.
  package func call(
    _ method: String, _ path: String, query: [(name: String, value: String?)] = [],
    body: (@Sendable (inout JSONWriter) -> Void)? = nil
  ) async throws -> JSONSlice {
    var sent: [UInt8]?
    if let body {
      var json = JSONWriter()
      json.beginObject()
      body(&json)
      json.endObject()
      sent = json.bytes
    }
    let answer = try await transport.send(method, Self.target(path, query), sent)
    let json: JSONSlice = try Self.json(answer.status, answer.body)
    guard answer.status == 200 else { throw Refusal(status: answer.status, json) }
    return json
  }

  /// Gets what is too large to be held, part by part; `begin` sees the fields of its head first.
  package func fetch(
    _ path: String, query: [(name: String, value: String?)], begin: (HTTPFields) throws -> Void,
    take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws {
    let refused = try await transport.fetch(Self.target(path, query), begin: begin, take: take)
    if let refused { throw Refusal(status: refused.status, try Self.json(refused.status, refused.body)) }
  }

  private static func target(_ path: String, _ query: [(name: String, value: String?)]) -> String {
    let given = query.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
    return given.isEmpty ? path : path + "?" + given.joined(separator: "&")
  }

  private static func json(_ status: Int, _ body: [UInt8]) throws(Refusal) -> JSONSlice {
    do {
      return try JSONSlice(checking: body[...])
    } catch {
      throw Refusal(status: status, description: "the server's answer cannot be read; is it Verbatim?")
    }
  }

  /// The items of all pages of a list.
  package func all(
    _ path: String, _ name: String, query: [(name: String, value: String?)] = []
  ) async throws -> [JSONSlice] {
    var items: [JSONSlice] = []
    var cursor: String?
    repeat {
      let page = try await call("GET", path, query: query + [("limit", "100"), ("cursor", cursor)])
      if let list = page[name] { items += list.elements }
      cursor = page["next_cursor"]?.string?.string
    } while cursor != nil
    return items
  }
}

extension Session {
  /// Runs `body` as an administrator: through the server that holds the databases' files, else on the databases
  /// themselves, which are made where they are missing.
  package func administer<Result: Sendable>(
    _ body: @Sendable (AdminClient) async throws -> Result
  ) async throws -> Result {
    try configuration.historyDatabase.prepareFolder()
    try configuration.mainDatabase.prepareFolder()
    var history = storeConfiguration
    history.purpose = "administration"
    var main = configuration.main(log: log)
    main.purpose = history.purpose
    let stores: OpenStores
    do {
      stores = try await OpenStores.open(history, main)
    } catch let holder as DatabaseHolder {
      guard let url = holder.url else { throw holder }
      return try await body(AdminClient(ServerTransport(url: url, token: holder.token)))
    }
    let transport = LocalTransport(stores, configuration, log: log)
    do {
      let result = try await body(AdminClient(transport))
      await transport.finish()
      await stores.close()
      return result
    } catch {
      await stores.close()
      throw error
    }
  }
}

extension AdminClient.Refusal {
  fileprivate init(status: Int, _ json: JSONSlice) {
    self.init(
      status: status, description: json["detail"]?.string?.string ?? "the server answered \(status)")
  }
}
