import Testing

@testable import Databases

@Suite struct SQLiteDSNTests {
  @Test(arguments: [
    ("history.db", "history.db"),
    ("/var/lib/verbatim/history.db", "/var/lib/verbatim/history.db"),
    ("sqlite:history.db", "history.db"),
    ("sqlite:/srv/history.db", "/srv/history.db"),
    ("sqlite:///relative/history.db", "relative/history.db"),
    ("sqlite:////srv/history.db", "/srv/history.db"),
    ("SQLite+aiosqlite:///./data/chat.db", "./data/chat.db"),
    ("with space@and:colon.db", "with space@and:colon.db"),
    ("/srv/a:b@c/history.db", "/srv/a:b@c/history.db"),
    ("./u:p@h/history.db", "./u:p@h/history.db"),
    ("/srv/x@tcp(1)/history.db", "/srv/x@tcp(1)/history.db"),
    ("copy (2)/history.db", "copy (2)/history.db"),
    ("hostess=1.db", "hostess=1.db"),
  ])
  func `every form leads to its file`(_ dsn: String, _ path: String) throws {
    #expect(try Engine(dsn: dsn) == .sqlite(SQLiteFile(path: path)))
  }

  @Test(arguments: [
    "", "sqlite:", "sqlite://", "sqlite:///", "sqlite://host/path", "folder/", ":memory:", "sqlite:///:memory:",
    "redis://h/0", "sqlite:///a.db?mode=ro", "a\0b.db", "root:secret@localhost/db",
  ])
  func `what names no file is refused`(_ dsn: String) {
    #expect(throws: DSNError.self) { try Engine(dsn: dsn) }
  }

  @Test(arguments: [
    ("plain.db", "plain.db"), ("u@host", "u@host"), ("postgres://u:p@ss@host/db", "postgres://u:***@host/db"),
    ("u:p@tcp(h)/d", "u:***@tcp(h)/d"), ("postgres:///d?password=x&user=u", "postgres:///d?password=***&user=u"),
    ("host=h PASSWORD = 'a b\\'c' dbname=d", "host=h PASSWORD=*** dbname=d"),
    ("host=h sslpassword=x", "host=h sslpassword=***"),
    ("root:a://b@tcp(h:3306)/db", "root:***@tcp(h:3306)/db"), ("root://b@tcp(h)/db", "root:***@tcp(h)/db"),
    ("root:a@b://c@tcp(h)/db", "root:***@tcp(h)/db"), ("mysql://root:a://b@h/db", "mysql://root:***@h/db"),
    ("jdbc:mysql://u:p@h/db", "jdbc:***@h/db"), ("mysql://root:secret/db", "mysql://root:***"),
    ("postgres://root:sec/ret/db?sslmode=require", "postgres://root:***"),
    ("mysql://h:3306,i:3307/db", "mysql://h:3306,i:3307/db"), ("postgres://[::1]:5432/d", "postgres://[::1]:5432/d"),
    ("mysql://h/db?charset=a:b", "mysql://h/db?charset=a:b"), ("/data/a:b.db", "/data/a:b.db"),
  ])
  func `whatever could be a password is hidden`(_ dsn: String, _ shown: String) {
    #expect(Engine.redacted(dsn: dsn) == shown)
  }
}
