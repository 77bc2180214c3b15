import Providers
import VerbatimModel

/// What a file is, as far as that was said, and whose its exchanges become where it names nobody.
package struct ImportForm: Sendable {
  /// nil: as its first element looks.
  package var format: ImportFormat?
  package var appID: String?
  package var userID: String?

  package init() {}

  /// The names of formats.
  package static var formats: [String] { ImportFormat.allCases.map(\.rawValue) }

  /// False for a name that is none.
  package mutating func setFormat(_ name: String) -> Bool {
    format = ImportFormat(rawValue: name)
    return format != nil
  }
}

/// Makes lines of elements that another program exported. Their keys are the same whenever they are imported: made of
/// the source's own ids, or else of what the element says.
struct ForeignElements {
  /// Of ids that are a part of a key as they are.
  private static let longestID = 96

  private var mapping: any ImportMapping
  private let format: ImportFormat
  private let defaults: IngestDefaults

  /// nil for a format that is not foreign.
  init?(_ format: ImportFormat, _ form: ImportForm, defaults: IngestDefaults) throws(ImportError) {
    guard SHA256.hex([]) != nil else {
      throw ImportError("OpenSSL offers no SHA-256, which the keys of imported exchanges need")
    }
    let owner = ImportOwner(appID: form.appID ?? format.rawValue, userID: form.userID ?? "import")
    guard let mapping = format.mapping(owner: owner, digest: Self.digest) else { return nil }
    self.mapping = mapping
    self.format = format
    self.defaults = defaults
  }

  /// One for each exchange, or why the element or one of them cannot be taken.
  mutating func lines(of json: Bytes, number: Int) -> [Result<ImportLine, InvalidExchange>] {
    do throws(InvalidExchange) {
      let element: JSONSlice
      do {
        element = try JSONSlice(checking: json)
      } catch {
        throw .malformed(offset: error.offset, reason: error.reason)
      }
      let digest = Self.digest(element.bytes)
      return try mapping.exchanges(of: element, number: number).map { line($0, digest, number) }
    } catch {
      return [.failure(error)]
    }
  }

  /// Called at the end of the file.
  mutating func leftovers() -> [Importer.BadLine] {
    mapping.leftovers().map { Importer.BadLine(number: $0.number, code: "invalid_value", detail: $0.reason) }
  }

  private func line(
    _ imported: ImportedExchange, _ digest: String, _ number: Int
  ) -> Result<ImportLine, InvalidExchange> {
    do throws(InvalidExchange) {
      let json = ImportLine.adding(key(imported.key, digest), to: imported.body)
      var exchange = try ExchangeBody.parse(json, kind: .insert, defaults: defaults)
      exchange.source = "import"
      return .success(ImportLine(number: number, exchange: exchange, json: json))
    } catch {
      return .failure(error)
    }
  }

  private func key(_ key: ImportedExchange.Key, _ digest: String) -> String {
    switch key {
    case .place(let place): "import-\(format)-\(digest.prefix(40))-\(place)"
    case .id(let id): "import-\(format)-\(Self.isPlain(id) ? id : String(Self.digest(Bytes(utf8: id)).prefix(40)))"
    }
  }

  /// Whether it can stand in a key as it is.
  private static func isPlain(_ id: String) -> Bool {
    id.utf8.count <= longestID
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  private static func digest(_ bytes: Bytes) -> String {
    guard let digest = SHA256.hex(bytes) else { preconditionFailure("SHA-256 was there when the import began") }
    return digest
  }
}
