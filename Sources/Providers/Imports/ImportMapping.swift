import VerbatimModel

/// Makes exchanges of what another program exported, one element of its file after another.
package protocol ImportMapping: Sendable {
  /// The exchanges of an element, a line or an item of the array, in their order. `number`: the element's, for people.
  mutating func exchanges(of element: JSONSlice, number: Int) throws(InvalidExchange) -> [ImportedExchange]

  /// What is still waiting for its other half at the end of the file: the elements' numbers, and why they are lost.
  mutating func leftovers() -> [(number: Int, reason: String)]
}

extension ImportMapping {
  package mutating func leftovers() -> [(number: Int, reason: String)] { [] }
}

/// An exchange in the form of `POST /api/chat/insert`.
package struct ImportedExchange: Sendable {
  package enum Key: Sendable, Equatable {
    /// The source's own name for it, which no other exchange of such files has.
    case id(String)
    /// It has none: the element says the same whenever it is imported, and this is the exchange's place in it.
    case place(Int)
  }

  package let key: Key
  package let body: Bytes
}

/// Whose the exchanges of a file become that names nobody.
package struct ImportOwner: Sendable {
  package var appID: String
  package var userID: String

  package init(appID: String, userID: String) {
    self.appID = appID
    self.userID = userID
  }
}

/// The files that can be imported.
package enum ImportFormat: String, Sendable, CaseIterable {
  case exchanges, sharegpt, chatgpt, openai, llm, litellm

  /// What a file's first element looks like; `exchanges` where it is not known.
  package init(ofFirst element: JSONSlice) {
    func has(_ keys: String...) -> Bool { keys.allSatisfy { element[$0] != nil } }
    self =
      if has("app_id") || has("user_id") {
        .exchanges
      } else if has("mapping") {
        .chatgpt
      } else if has("conversations") {
        .sharegpt
      } else if has("request_id", "startTime") || has("request_id", "call_type") {
        .litellm
      } else if has("datetime_utc", "response") {
        .llm
      } else if has("custom_id") || has("messages") || has("request", "response") {
        .openai
      } else {
        .exchanges
      }
  }

  /// nil for files that hold exchanges already. `digest`: of bytes, in hexadecimal digits.
  package func mapping(
    owner: ImportOwner, digest: @escaping @Sendable (Bytes) -> String
  ) -> (any ImportMapping)? {
    switch self {
    case .exchanges: nil
    case .sharegpt: ShareGPTMapping(owner: owner, digest: digest)
    case .chatgpt: ChatGPTMapping(owner: owner)
    case .openai: OpenAIMapping(owner: owner, digest: digest)
    case .llm: LLMLogMapping(owner: owner)
    case .litellm: LiteLLMMapping(owner: owner)
    }
  }
}
