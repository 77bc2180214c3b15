import Databases
import VerbatimModel

/// A durable history of conversations with language models, inside your own program.
///
/// - What `saveChatCompletion` and `saveErrorConversation` answer is committed to disk: a crash right afterwards loses
///   nothing. Many calls at once share their commits.
/// - Messages come back as the same JSON values that were given, unknown fields and all.
/// - One process writes to a file at a time; a database on a server is shared by many, Verbatim's own servers included.
///
/// Everything belongs to one account, `Configuration.account`; another account's conversations are not there. Every
/// call may be made from any task, and throws `HistoryError` and nothing else.
public final class History: Sendable {
  /// Where a history is, and how it is kept.
  public struct Configuration: Sendable {
    /// Where the history is: `sqlite:PATH` or a file's path, `postgres://user:password@host/db`,
    /// `mysql://user:password@host/db` or `user:password@tcp(host:3306)/db`.
    public var dsn: String
    /// Who owns what is saved, at most 64 characters. A Verbatim server without keys shows what belongs to `default`.
    public var account = "default"
    /// Whether each day's messages go to tables of that day.
    public var hasDailyTables = false
    /// The IANA name of the time zone that days are counted in; fixed when a history is begun.
    public var timeZone = "UTC"
    /// A file in which exchanges wait, durably, while a database server cannot be reached; nil: saving fails then.
    public var journalPath: String?
    /// How many bytes may wait there.
    public var journalSize = 1 << 30
    /// Hears of what an operator should know, a line each, without anybody's words.
    public var onLogLine: (@Sendable (String) -> Void)?

    /// A history of the account `default`, with everything else as usual.
    public init(dsn: String) { self.dsn = dsn }
  }

  let store: Store
  let reach: Reach

  private init(store: Store, account: String) {
    self.store = store
    reach = .account(account)
  }

  var account: String { reach.account ?? "" }

  /// Opens the history, and makes or upgrades its tables where that is due; a SQLite file is made, its folder is not.
  ///
  /// Throws `HistoryError.unusable` where nothing but a change of the configuration or of the database helps, another
  /// process that writes to the file included.
  public static func open(_ configuration: Configuration) async throws(HistoryError) -> History {
    let engine: Engine
    do {
      engine = try Engine(dsn: configuration.dsn)
    } catch {
      throw .unusable("the DSN \(error.problem); it may be \(error.allowed)")
    }
    return try await open(engine, configuration)
  }

  static func open(_ engine: Engine, _ configuration: Configuration) async throws(HistoryError) -> History {
    guard !configuration.account.isEmpty, configuration.account.unicodeScalars.count <= longestAccount else {
      throw .unusable("account must have 1 to \(longestAccount) characters")
    }
    do {
      let store = try await Store.open(configuration.store(on: engine))
      return History(store: store, account: configuration.account)
    } catch let holder as DatabaseHolder {
      throw .unusable("the database is \(holder)")
    } catch {
      throw HistoryError(error)
    }
  }

  private static let longestAccount = 64

  /// Waits for what is being saved, then closes. What comes later fails.
  public func close() async { await store.close() }
}

extension History.Configuration {
  fileprivate func store(on engine: Engine) -> Store.Configuration {
    var store = Store.Configuration(engine)
    store.isDaily = hasDailyTables
    store.partitionTimeZone = timeZone
    store.purpose = "a program that embeds the history"
    if let journalPath, engine.file == nil {
      store.journal = JournalConfiguration(path: journalPath, maximumBytes: journalSize)
    }
    if let onLogLine {
      store.log = Log { level, message, fields in
        onLogLine(([level.name, message] + fields.map { "\($0)=\($1)" }).joined(separator: " "))
      }
    }
    return store
  }
}
