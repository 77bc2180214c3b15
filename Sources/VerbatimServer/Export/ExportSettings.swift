extension Settings {
  static let exports: [Setting] = [
    Setting(
      "EXPORT_FOLDER", "--export-folder", "PATH", standard: ExportFolder.standardPath,
      "Where the files of background exports are; replicas share it, or each gives out its own."
    ) { text, configuration throws(SettingError) in
      configuration.exportFolder = ExportFolder(try Value.text(text, longest: 4096))
    },
    Setting(
      "EXPORT_FILES_HOURS", "--export-files-hours", "HOURS", standard: "24",
      "How long the file of a background export is kept."
    ) { text, configuration throws(SettingError) in
      configuration.exportFilesHours = try Value.integer(text, 1...8760)
    },
  ]
}
