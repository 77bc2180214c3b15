extension ExchangeBody {
  private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool", "function"]

  /// `query`, or `messages[]` in OpenAI form; none where an export says that a call repeated what was recorded before it.
  static func messages(_ fields: BodyFields) throws(InvalidExchange) -> [Message] {
    let query = fields[.query]
    let list = fields[.messages]
    if list.isPresent {
      let elements = try list.array(limit: IngestLimits.messages)
      if query.isPresent && !query.isEmptyString && !elements.isEmpty {
        throw .invalid(field: "query", reason: "must not be given together with messages")
      }
      if !elements.isEmpty { return try messages(elements) }
      if !query.isPresent {
        if fields[.exported].isPresent { return [] }
        throw .empty(list.name)
      }
    }
    let text = try query.requiredText()
    return query.value.map { [Message(role: "user", text: text, json: $0)] } ?? []
  }

  static func messages(_ elements: [JSONSlice], name: String = "messages") throws(InvalidExchange) -> [Message] {
    var messages: [Message] = []
    messages.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      messages.append(try message(element, name: "\(name)[\(index)]"))
    }
    return messages
  }

  private static func message(_ element: JSONSlice, name: String) throws(InvalidExchange) -> Message {
    guard element.kind == .object else { throw .wrongType(name, expected: "a JSON object") }
    guard let message = Message(json: element) else {
      _ = try FieldValue("\(name).role", element["role"]).requiredText()
      throw .missing("\(name).role")
    }
    guard roles.contains(message.role) else {
      let reason = "must be one of " + roles.sorted().joined(separator: ", ")
      throw .invalid(field: "\(name).role", reason: reason)
    }
    if let author = message.name, author.unicodeScalars.count > IngestLimits.name {
      throw .tooLong("\(name).name", limit: IngestLimits.name)
    }
    return message
  }

  /// `answer`, or `choices` as reading gives them: `{"index", "message"}` each, in their order; none for a question that
  /// was never answered.
  static func choices(_ fields: inout BodyFields) throws(InvalidExchange) -> [Message] {
    let list = fields[.choices]
    guard list.isPresent else { return [try answer(fields)] }
    if fields[.answer].isPresent && !fields[.answer].isEmptyString {
      throw .invalid(field: "answer", reason: "must not be given together with choices")
    }
    var choices: [Message] = []
    var isComplete = true
    for (index, element) in try list.array(limit: IngestLimits.choices).enumerated() {
      let name = "choices[\(index)]"
      guard let value = element["message"] else { throw .missing("\(name).message") }
      choices.append(try message(value, name: "\(name).message"))
      for field in element.fields where !(field.key == "message") {
        if !(field.key == "index") || field.value.integer != Int64(index) { isComplete = false }
      }
    }
    if !isComplete { fields.keep(.choices) }
    return choices
  }

  private static func answer(_ fields: BodyFields) throws(InvalidExchange) -> Message {
    let answer = fields[.answer]
    guard let value = answer.value else {
      throw .invalid(field: "answer", reason: "is required, or else choices or error")
    }
    return Message(role: "assistant", text: try answer.requiredText(), json: value)
  }

  /// `error {code, message}`, or `error_code` and `error_message` where they mean something; nil for a finished exchange.
  static func failure(_ fields: inout BodyFields, kind: Kind) throws(InvalidExchange) -> NewExchange.Failure? {
    let error = fields[.error]
    guard error.isPresent || kind == .error else { return nil }
    if fields[.answer].isPresent && !fields[.answer].isEmptyString {
      throw .invalid(field: "answer", reason: "must not be given together with an error")
    }
    if fields[.choices].isPresent {
      throw .invalid(field: "choices", reason: "must not be given together with an error")
    }
    if let object = try error.object() { return try failure(object, &fields) }
    let field = fields[.errorCode]
    if field.isEmptyString { throw .empty(field.name) }
    guard let code = try errorCode(field) else { throw .missing(field.name) }
    if field.value?.kind != .string { fields.keep(.errorCode) }
    guard let message = try fields[.errorMessage].text() else { throw .missing("error_message") }
    if !message.isExact { fields.keep(.errorMessage) }
    return NewExchange.Failure(code: code, message: message.string)
  }

  /// Providers often leave `code` null or empty and say a `type` instead.
  private static func failure(
    _ error: JSONSlice, _ fields: inout BodyFields
  ) throws(InvalidExchange) -> NewExchange.Failure {
    let field = FieldValue("error.code", error["code"])
    let code = try errorCode(field)
    guard let message = try FieldValue("error.message", error["message"]).text() else {
      throw .missing("error.message")
    }
    var count = 0
    for _ in error.fields { count += 1 }
    if code == nil || field.value?.kind != .string || count != 2 || !message.isExact { fields.keep(.error) }
    let type = code == nil ? try errorCode(FieldValue("error.type", error["type"])) : nil
    return NewExchange.Failure(code: code ?? type ?? "", message: message.string)
  }

  /// An integer of any size as it is written, or a text; nil when absent or empty.
  private static func errorCode(_ field: FieldValue) throws(InvalidExchange) -> String? {
    guard let value = field.value, !field.isEmptyString else { return nil }
    if value.kind == .string { return try field.requiredID(limit: IngestLimits.code) }
    if let literal = value.integerLiteral {
      guard literal.count <= IngestLimits.code else { throw .tooLong(field.name, limit: IngestLimits.code) }
      return literal.string
    }
    guard let number = value.integer else { throw .wrongType(field.name, expected: "an integer or a string") }
    return String(number)
  }
}
