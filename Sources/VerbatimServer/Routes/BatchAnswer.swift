import HTTP
import VerbatimModel
import VerbatimStore

/// The results of a batch in the order of its items, written as they become known.
struct BatchAnswer {
  private var results = JSONWriter(reservingCapacity: 64 << 10)
  private var count = 0
  private var inserted = 0
  private var duplicates = 0
  private var failed = 0
  private var hasJournaled = false

  init() { results.beginArray() }

  /// Throws when no store takes records and nothing of this batch has been stored: then the whole is to be sent again.
  mutating func add(_ group: CommittedGroup) throws {
    var stored = group.results.makeIterator()
    for failure in group.failures {
      if let failure {
        add(failure)
        continue
      }
      switch stored.next() {
      case .success(let receipt): add(receipt)
      case .failure(let error):
        if case .unavailable = error, inserted + duplicates == 0, !group.results.contains(where: \.isSuccess) {
          throw error
        }
        add(BatchFailure(APIError(error)))
      case nil: add(BatchFailure(code: "internal_error", detail: "the store gave no result"))
      }
    }
  }

  mutating func response() -> HTTPResponse {
    results.endArray()
    var json = JSONWriter(reservingCapacity: results.bytes.count + 128)
    json.beginObject()
    json.key("success")
    json.boolean(failed == 0)
    json.key("inserted")
    json.integer(inserted)
    json.key("duplicates")
    json.integer(duplicates)
    json.key("failed")
    json.integer(failed)
    json.key("results")
    json.raw(results.bytes[...])
    json.endObject()
    var response = HTTPResponse.json(json)
    if hasJournaled { response.sayJournaled() }
    return response
  }

  private mutating func add(_ receipt: Store.Receipt) {
    if receipt.isDuplicate { duplicates += 1 } else { inserted += 1 }
    if receipt.isJournaled { hasJournaled = true }
    begin(isSuccess: true)
    results.receipt(receipt)
    results.key("error")
    results.null()
    results.key("detail")
    results.null()
    results.endObject()
  }

  private mutating func add(_ failure: BatchFailure) {
    failed += 1
    begin(isSuccess: false)
    results.key("conversation_id")
    results.null()
    results.key("message_id")
    results.null()
    results.key("duplicate")
    results.boolean(false)
    results.key("error")
    results.string(failure.code)
    results.key("detail")
    results.string(failure.detail)
    results.endObject()
  }

  private mutating func begin(isSuccess: Bool) {
    results.beginObject()
    results.key("index")
    results.integer(count)
    results.key("success")
    results.boolean(isSuccess)
    count += 1
  }
}

extension Result {
  fileprivate var isSuccess: Bool {
    if case .success = self { true } else { false }
  }
}
