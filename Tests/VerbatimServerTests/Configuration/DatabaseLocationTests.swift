import Testing

@testable import VerbatimServer

@Suite struct DatabaseLocationTests {
  @Test(arguments: [
    ("local", "./data/verbatim.db"),
    ("history.db", "history.db"),
    ("/var/lib/verbatim/history.db", "/var/lib/verbatim/history.db"),
    ("sqlite:history.db", "history.db"),
    ("sqlite:/srv/history.db", "/srv/history.db"),
    ("sqlite:///relative/history.db", "relative/history.db"),
    ("sqlite:////srv/history.db", "/srv/history.db"),
    ("sqlite+aiosqlite:///./data/chat.db", "./data/chat.db"),
    ("with space@and:colon.db", "with space@and:colon.db"),
  ])
  func `every SQLite form leads to its file`(_ dsn: String, _ path: String) throws {
    #expect(try DatabaseLocation(dsn: dsn).path == path)
  }

  @Test(arguments: [
    "root:secret@tcp(localhost:3306)/newapi?parseTime=true", "root:secret@unix(/run/mysqld.sock)/newapi",
    "mysql://root:secret@localhost/newapi", "mysql+aiomysql://root:secret@localhost/newapi",
    "mariadb://root:secret@localhost/newapi", "postgres://u:secret@localhost/newapi",
    "postgresql+asyncpg://u:secret@localhost/newapi",
  ])
  func `a server's DSN is refused and its password not repeated`(_ dsn: String) throws {
    let error = try #require(throws: SettingError.self) { try DatabaseLocation(dsn: dsn) }
    #expect(error.problem.contains("only SQLite"))
    #expect(!DatabaseLocation.redacted(dsn).contains("secret"))
  }

  @Test(arguments: [
    "", "sqlite:", "sqlite://", "sqlite:///", "folder/", ":memory:", "sqlite:///:memory:", "redis://h/0",
    "sqlite:///a.db?mode=ro",
  ])
  func `what names no file is refused`(_ dsn: String) {
    #expect(throws: SettingError.self) { try DatabaseLocation(dsn: dsn) }
  }

  @Test(arguments: [
    ("plain.db", "plain.db"), ("u@host", "u@host"), ("postgres://u:p@ss@host/db", "postgres://u:***@host/db"),
    ("u:p@tcp(h)/d", "u:***@tcp(h)/d"),
  ])
  func `redaction hides what stands before the at sign`(_ dsn: String, _ shown: String) {
    #expect(DatabaseLocation.redacted(dsn) == shown)
  }
}
