extension Settings {
  static let search: [Setting] = [
    Setting(
      "SEARCH", "--search", "SWITCH", standard: "true",
      "Build the search index; off, what comes is found once it is on again."
    ) { (text, configuration) throws(SettingError) in
      configuration.buildsSearchIndex = try Value.flag(text)
    }
  ]
}
