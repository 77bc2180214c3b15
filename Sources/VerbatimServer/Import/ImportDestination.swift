import HTTP
import VerbatimModel
import VerbatimStore

/// A line that is to be recorded.
package struct ImportLine: Sendable {
  /// Counted from 1.
  let number: Int
  /// With a key, so that it is recorded once however often it is sent.
  let exchange: NewExchange
  /// The same as JSON.
  let json: Bytes

  /// Puts the key last, where it wins over a null of the same name.
  static func adding(_ key: String, to json: Bytes) -> Bytes {
    guard let end = json.lastIndex(of: UInt8(ascii: "}")) else { return json }
    return json[..<end] + Array(",\"idempotency_key\":\"\(key)\"}".utf8)
  }
}

package enum ImportResult: Sendable, Equatable {
  case stored
  /// It was there before.
  case duplicate
  case failed(code: String, detail: String)
}

/// Where an import goes: into a database, or to the server that holds it.
package protocol ImportDestination: Sendable {
  /// Results in order. Throws when it cannot go on at all.
  func record(_ lines: [ImportLine]) async throws -> [ImportResult]
  /// The database or the server, for people.
  var name: String { get }
}

/// Straight into a database.
package struct StoreDestination: ImportDestination {
  private let store: Store
  package let name: String

  package init(store: Store, name: String) {
    self.store = store
    self.name = name
  }

  package func record(_ lines: [ImportLine]) async throws -> [ImportResult] {
    try await store.append(lines.map(\.exchange), account: Account.standard).map { result in
      switch result {
      case .success(let receipt): return receipt.isDuplicate ? .duplicate : .stored
      case .failure(.rejected(let field, let reason)):
        return .failed(code: "invalid_value", detail: "\(field) \(reason)")
      case .failure(let error): throw error
      }
    }
  }
}

/// Over HTTP, in batches; what a server cannot take now is sent again, with growing pauses.
package struct ServerDestination: ImportDestination {
  package let name: String
  private let url: String
  private let fields: HTTPFields
  private let client: HTTPClient
  private let pause: @Sendable (Duration) async throws -> Void
  private static let longestSilence: Duration = .seconds(120)
  private static let attempts = 12

  /// `key`: for a server that asks for one. `pause` waits before the next attempt; tests need not.
  package init(
    url: String, key: String? = nil, client: HTTPClient = HTTPClient(),
    pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    name = url
    self.url = (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/api/chat/insert/batch"
    var fields: HTTPFields = ["Content-Type": "application/x-ndjson"]
    if let key { fields["Authorization"] = "Bearer \(key)" }
    self.fields = fields
    self.client = client
    self.pause = pause
  }

  package func record(_ lines: [ImportLine]) async throws -> [ImportResult] {
    var results = [ImportResult?](repeating: nil, count: lines.count)
    var waiting = Array(lines.indices)
    var attempt = 0
    while !waiting.isEmpty {
      let answer = try await send(waiting.map { lines[$0] })
      switch answer {
      case .results(let received):
        for (index, result) in zip(waiting, received) { results[index] = result }
        let stillWaiting = waiting.filter { results[$0] == nil }
        if stillWaiting.count < waiting.count { attempt = 0 }
        waiting = stillWaiting
      case .notNow:
        break
      case .tooLarge(let failure):
        let parts = waiting.count == 1 ? [failure] : try await recordInHalves(waiting.map { lines[$0] })
        for (index, result) in zip(waiting, parts) { results[index] = result }
        waiting = []
      }
      guard !waiting.isEmpty else { break }
      attempt += 1
      guard attempt < Self.attempts else { throw ImportError("\(name) takes no records; what was taken stays taken") }
      try await pause(answer.pause(attempt: attempt))
    }
    return results.compactMap { $0 }
  }

  /// For lines that the server cannot take together.
  private func recordInHalves(_ lines: [ImportLine]) async throws -> [ImportResult] {
    let middle = lines.count / 2
    return try await record(Array(lines[..<middle])) + record(Array(lines[middle...]))
  }

  private enum Answer {
    /// nil for those that are to be sent again.
    case results([ImportResult?])
    case notNow(retryAfter: Duration?)
    /// The lines together, or the one of them, exceed what the server takes.
    case tooLarge(ImportResult)

    /// From 200 ms, doubled each time up to 20 s, or what the server says.
    func pause(attempt: Int) -> Duration {
      if case .notNow(let told?) = self { return min(told, .seconds(60)) }
      return min(.milliseconds(100 << min(attempt, 10)), .seconds(20))
    }
  }

  private func send(_ lines: [ImportLine]) async throws -> Answer {
    var body: [UInt8] = []
    body.reserveCapacity(lines.reduce(0) { $0 + $1.json.count + 1 })
    for line in lines {
      // A line of NDJSON, whatever form it had: between the tokens of JSON a line's end is a space.
      body.append(contentsOf: line.json.lazy.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
      body.append(0x0A)
    }
    do {
      let answer = try await client.send(
        "POST", url, fields: fields, body: body, timeout: Self.longestSilence)
      switch answer.status {
      case 200:
        return .results(try Self.results(answer.body, count: lines.count))
      case 408, 429, 502, 503, 504:
        return .notNow(retryAfter: answer.fields["Retry-After"].flatMap { Int($0) }.map { .seconds($0) })
      case 413:
        return .tooLarge(.failed(code: Self.code(answer.body), detail: Self.detail(answer.body)))
      default:
        throw ImportError("\(name) answered \(answer.status): \(Self.detail(answer.body))")
      }
    } catch let error as HTTPClientError {
      switch error.kind {
      case .invalidRequest, .tls, .tooLarge: throw ImportError("\(name): \(error)")
      default: return .notNow(retryAfter: nil)
      }
    }
  }

  private static func results(_ body: [UInt8], count: Int) throws -> [ImportResult?] {
    let unreadable = ImportError("the server's answer cannot be read; is it Verbatim?")
    guard let json = try? JSONSlice(checking: body[...]), let list = json["results"] else { throw unreadable }
    let results: [ImportResult?] = list.elements.map { item in
      if item["success"]?.boolean == true { return item["duplicate"]?.boolean == true ? .duplicate : .stored }
      let code = item["error"]?.string?.string ?? "unknown"
      return code == "unavailable" ? nil : .failed(code: code, detail: item["detail"]?.string?.string ?? "")
    }
    guard results.count == count else { throw unreadable }
    return results
  }

  private static func code(_ body: [UInt8]) -> String {
    let json = try? JSONSlice(checking: body[...])
    return json?["error"]?.string?.string ?? "unknown"
  }

  private static func detail(_ body: [UInt8]) -> String {
    let json = try? JSONSlice(checking: body[...])
    return json?["detail"]?.string?.string ?? "no reason given"
  }
}
