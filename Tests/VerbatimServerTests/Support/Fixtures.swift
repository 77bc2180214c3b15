import Foundation

/// Files of `Tests/Fixtures`.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures").path

  /// The root of the repository.
  static let project = URL(fileURLWithPath: folder).deletingLastPathComponent().deletingLastPathComponent().path

  /// With the packages of `Scripts/packages/python.txt`.
  static var python: String {
    ProcessInfo.processInfo.environment["VERBATIM_TEST_PYTHON"] ?? project + "/.venv/bin/python"
  }

  static func path(_ name: String) -> String { folder + "/" + name }

  static func bytes(atPath path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  static func text(atPath path: String) throws -> String { String(decoding: try bytes(atPath: path), as: UTF8.self) }
}
