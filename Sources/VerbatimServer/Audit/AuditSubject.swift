import HTTP
import VerbatimModel
import VerbatimStore

/// Who does what to what, from where: reads that share it share a row of the audit trail. Texts are compared byte by
/// byte, as the database does.
struct AuditSubject: Sendable {
  let action: AuditAction
  let actor: String
  let key: String
  let account: String
  let conversation: String?
  let address: String
  /// A JSON object of what else there is to say.
  let detail: String?
}

extension AuditSubject: Hashable {
  static func == (left: AuditSubject, right: AuditSubject) -> Bool {
    left.action == right.action && areSame(left.conversation, right.conversation) && areSame(left.actor, right.actor)
      && areSame(left.key, right.key) && areSame(left.account, right.account) && areSame(left.address, right.address)
      && areSame(left.detail, right.detail)
  }

  private static func areSame(_ left: String?, _ right: String?) -> Bool {
    left.map(ExactText.init) == right.map(ExactText.init)
  }

  /// By what tells most readers and conversations apart.
  func hash(into hasher: inout Hasher) {
    hasher.combine(conversation.map(ExactText.init))
    hasher.combine(ExactText(key))
    hasher.combine(ExactText(address))
    hasher.combine(detail.map(ExactText.init))
  }
}

extension AuditSubject {
  /// The parameter of a path that names a conversation.
  static let conversationParameter = "conversation_id"

  /// As the columns take it, whatever was asked for. `said`: what the handler said, where it was asked.
  init(of request: HTTPRequest, _ action: AuditAction, _ said: AuditNotes? = nil) throws {
    let caller = try request.caller
    var parameters = request.parameters
    let conversation = parameters.removeValue(forKey: Self.conversationParameter) ?? said?.conversation
    var notes = parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value.bounded(255)) }
    if let user = caller.reach.user { notes.append((name: "user_id", value: user)) }
    if let said { notes += said.all }
    self.init(
      action: action, actor: caller.account, key: caller.credential.auditName,
      account: caller.reach.account ?? AuditEntry.everyAccount, conversation: conversation.map { $0.bounded(255) },
      address: request.peerAddress.bounded(64), detail: AuditEntry.detail(notes))
  }
}

extension AuditEntry {
  init(of subject: AuditSubject, id: UUIDv7, request: String, count: Int = 1) {
    self.init(
      id: id, action: subject.action.rawValue, actor: subject.actor, key: subject.key, account: subject.account,
      conversation: subject.conversation, address: subject.address, requestID: request.bounded(128), count: count,
      detail: subject.detail)
  }
}

extension Caller.Credential {
  fileprivate var auditName: String {
    switch self {
    case .keyless: AuditEntry.keyless
    case .commandLine: AuditEntry.commandLine
    case .key(let id, _, _, _): id.description
    }
  }
}

extension String {
  /// As a column takes it: neither too long nor with NUL, which PostgreSQL's text cannot hold.
  func bounded(_ limit: Int) -> String {
    if utf8.count <= limit, !utf8.contains(0) { return self }
    var scalars = String.UnicodeScalarView()
    for scalar in unicodeScalars.prefix(limit) { scalars.append(scalar == "\0" ? "\u{FFFD}" : scalar) }
    return String(scalars)
  }
}
