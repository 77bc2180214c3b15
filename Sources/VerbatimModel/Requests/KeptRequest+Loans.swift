/// Long values that a request repeats of the ones before it in its thread, such as its tools or a schema, are stored once:
/// a later request has a zero in the place of each and names the exchange that holds it.
extension KeptRequest {
  /// A field's value, and the exchange whose request holds it.
  package struct Loan: Sendable, Equatable {
    package var lender: UUIDv7
    package var value: Bytes
  }

  /// Shorter values stay, since naming a lender takes half of that.
  private static let shortest = 100
  /// What a request borrows in all, so that a page of many that borrow is bounded.
  private static let mostBorrowed = 256 << 10

  /// What the request behind this one may borrow, by field. `id`: of this one's exchange; `request`: gives those that
  /// this one borrows from, nil for one that is gone.
  package func loans(of id: UUIDv7, _ request: (UUIDv7) -> KeptRequest?) -> [String: Loan] {
    var loans: [String: Loan] = [:]
    for (name, value) in singleFields where value.count >= Self.shortest {
      loans[name] = Loan(lender: id, value: value)
    }
    for (name, lender) in borrowed {
      if let value = request(lender)?.value(of: name) { loans[name] = Loan(lender: lender, value: value) }
    }
    return loans
  }

  /// Leaves out what is just so in another request.
  package mutating func borrow(_ loans: [String: Loan]) {
    guard !loans.isEmpty else { return }
    var places: [(Range<Int>, Bytes)] = []
    var room = Self.mostBorrowed
    for (name, value) in singleFields {
      guard let loan = loans[name], value.count <= room, value.elementsEqual(loan.value) else { continue }
      room -= value.count
      borrowed[name] = loan.lender
      places.append((value.startIndex..<value.endIndex, [UInt8(ascii: "0")]))
    }
    if !places.isEmpty { body = body.replacing(places) }
  }

  /// With borrowed values in their places; null for those that are not among `values`.
  package func whole(_ values: [String: Bytes]) -> KeptRequest {
    let places = singleFields.compactMap { name, value -> (Range<Int>, Bytes)? in
      guard borrowed[name] != nil else { return nil }
      return (value.startIndex..<value.endIndex, values[name] ?? Bytes(utf8: "null"))
    }
    var request = self
    request.body = body.replacing(places)
    request.borrowed = [:]
    return request
  }

  /// What the request itself holds in a field; nil also where it borrows that.
  package func value(of field: String) -> Bytes? {
    guard borrowed[field] == nil else { return nil }
    return singleFields.first { $0.name == field }?.value
  }

  /// Fields that are there once, in their order.
  private var singleFields: [(name: String, value: Bytes)] {
    var fields: [(name: String, value: Bytes)] = []
    var places: [String: Int] = [:]
    var repeated: Set<String> = []
    for field in JSONSlice(trusting: body).fields {
      let name = field.key.text.string
      if places.updateValue(fields.count, forKey: name) != nil { repeated.insert(name) }
      fields.append((name, field.value.bytes))
    }
    return repeated.isEmpty ? fields : fields.filter { !repeated.contains($0.name) }
  }
}
