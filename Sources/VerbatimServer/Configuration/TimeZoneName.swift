import Glibc

enum TimeZoneName {
  /// An IANA name that this machine's time-zone files know. Foundation could tell as well, but loading its calendars
  /// would cost a server megabytes.
  static func checked(_ name: String) throws(SettingError) -> String {
    // A leading colon is POSIX's way to say that a name follows.
    let name = name.hasPrefix(":") ? String(name.dropFirst()) : name
    if name == "UTC" || name == "Etc/UTC" { return "UTC" }
    let isPlain = name.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "/") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
    guard isPlain, !name.isEmpty, !name.hasPrefix("/"), isZoneFile("/usr/share/zoneinfo/" + name) else {
      throw SettingError("is not a time zone of this machine", allowed: "an IANA name such as UTC or Asia/Shanghai")
    }
    return name
  }

  private static func isZoneFile(_ path: String) -> Bool {
    guard let file = fopen(path, "rb") else { return false }
    defer { fclose(file) }
    var magic = [UInt8](repeating: 0, count: 4)
    return fread(&magic, 1, 4, file) == 4 && magic == Array("TZif".utf8)
  }
}
