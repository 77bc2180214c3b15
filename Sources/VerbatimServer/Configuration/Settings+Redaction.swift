import VerbatimModel

extension Settings {
  static let redaction: [Setting] = [
    Setting(
      "REDACTION", "--redaction", "MODE", standard: "off",
      "What becomes of sensitive values before they are recorded: off, mask or hash."
    ) { text, configuration throws(SettingError) in
      configuration.redaction.standard = try Value.choice(text, of: RedactionMode.self)
    },
    Setting(
      "REDACTION_APPS", "--redaction-apps", "LIST",
      "Apps that are redacted otherwise, separated by commas: app1=mask,app2=off."
    ) { text, configuration throws(SettingError) in
      configuration.redaction.apps = try appModes(text)
    },
    Setting(
      "REDACTION_RULES", "--redaction-rules", "FILE",
      "Own rules beside the built-in ones, as JSON: [{\"name\", \"pattern\", \"replacement\"}]."
    ) { text, configuration throws(SettingError) in
      configuration.redaction.rules = try rules(inFile: Value.text(text, longest: 4096))
    },
    Setting(
      "REDACTION_KEY", nil, "TEXT", standard: "made once, kept with the history", isSecret: true,
      "What the hashes of values are keyed with."
    ) { text, configuration throws(SettingError) in
      configuration.redaction.key = Array(try Value.secret(text, 16...1024).utf8)
    },
  ]

  private static func appModes(_ text: String) throws(SettingError) -> [String: RedactionMode] {
    var modes: [String: RedactionMode] = [:]
    for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = entry.trimmingSpaces().split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let mode = RedactionMode(rawValue: parts[1].lowercased()), !parts[0].isEmpty else {
        throw SettingError("has “\(entry)”", allowed: "app=off, app=mask or app=hash, separated by commas")
      }
      guard modes.updateValue(mode, forKey: String(parts[0])) == nil else {
        throw SettingError("names \(parts[0]) twice", allowed: "each app once")
      }
    }
    return modes
  }

  private static func rules(inFile path: String) throws(SettingError) -> [RedactionRule] {
    let allowed = "a file of [{\"name\", \"pattern\", \"replacement\"}]"
    let file: Bytes
    do {
      file = try FileBytes.all(ofFile: path, limit: 1 << 20)[...]
    } catch {
      throw SettingError("is not read: \(error)", allowed: allowed)
    }
    do {
      return try RedactionRule.parse(file)
    } catch {
      throw SettingError("is not right: \(error)", allowed: allowed)
    }
  }
}

extension Value {
  /// Never part of an error.
  static func secret(_ text: String, _ length: ClosedRange<Int>) throws(SettingError) -> String {
    guard length.contains(text.utf8.count) else {
      throw SettingError(
        "has \(text.utf8.count) bytes", allowed: "\(length.lowerBound) to \(length.upperBound) bytes of text")
    }
    return text
  }
}
