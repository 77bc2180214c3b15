import VerbatimModel
import VerbatimStore

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
    Setting(
      "CONTENT_KEYS", nil, "LIST", isSecret: true,
      "Keys that what was said is encrypted with, id:key,id:key, 32 bytes in Base64 each; the first one is used for what comes."
    ) { text, configuration throws(SettingError) in
      configuration.contentKeys = try contentKeys(text)
    },
    Setting(
      "CONTENT_KEYS_FILE", "--content-keys-file", "FILE", "A file of such keys, a line each, instead of CONTENT_KEYS."
    ) { text, configuration throws(SettingError) in
      let path = try Value.text(text, longest: 4096)
      configuration.contentKeys = try contentKeys(
        String(decoding: file(path, allowed: "a file of keys"), as: UTF8.self))
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
    let bytes = try file(path, allowed: allowed)
    do {
      return try RedactionRule.parse(bytes)
    } catch {
      throw SettingError("is not right: \(error)", allowed: allowed)
    }
  }

  private static func contentKeys(_ text: String) throws(SettingError) -> ContentKeys {
    do {
      return try ContentKeys(parsing: text)
    } catch {
      throw SettingError("is not right: \(error)", allowed: "id:key,id:key with keys of 32 bytes in Base64")
    }
  }

  private static func file(_ path: String, allowed: String) throws(SettingError) -> Bytes {
    do {
      return try FileBytes.all(ofFile: path, limit: 1 << 20)[...]
    } catch {
      throw SettingError("is not read: \(error)", allowed: allowed)
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
