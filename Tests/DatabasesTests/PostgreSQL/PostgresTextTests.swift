import Testing

@testable import Databases

@Suite struct PostgresTextTests {
  @Test(arguments: [
    ("SELECT 1", "SELECT 1"),
    ("SELECT a FROM t WHERE b = ? AND c IN (?, ?)", "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)"),
    ("SELECT '?', ?", "SELECT '?', $1"),
    ("SELECT 'it''s ?', ?", "SELECT 'it''s ?', $1"),
    (#"SELECT 'C:\', ?"#, #"SELECT 'C:\', $1"#),
    (#"SELECT E'it\'s ?', ?"#, #"SELECT E'it\'s ?', $1"#),
    (#"SELECT 'e' || name'\', ?"#, #"SELECT 'e' || name'\', $1"#),
    (#"SELECT "a?""b", ?"#, #"SELECT "a?""b", $1"#),
    ("SELECT 1 -- really?\n, ?", "SELECT 1 -- really?\n, $1"),
    ("SELECT 4 - -?, 1/?", "SELECT 4 - -$1, 1/$2"),
    ("SELECT /* why? /* how? */ when? */ ?", "SELECT /* why? /* how? */ when? */ $1"),
    ("SELECT $$?$$, $tag$ $$ ? $tag$, ?", "SELECT $$?$$, $tag$ $$ ? $tag$, $1"),
    ("SELECT a$b, ?", "SELECT a$b, $1"),
    ("SELECT '天?', ?", "SELECT '天?', $1"),
    ("SELECT ?, 'open ?", "SELECT $1, 'open ?"), ("SELECT ? /* open ?", "SELECT $1 /* open ?"),
    ("SELECT ? $$open ?", "SELECT $1 $$open ?"), (#"SELECT ? E'open\"#, #"SELECT $1 E'open\"#),
  ])
  func `a question mark is a value only where it stands alone`(_ text: String, _ expected: String) {
    #expect(PostgresText.numbered(text) == expected)
  }
}
