/// When the log is to be written back to the database file.
///
/// The log starts over by itself once all of it is written back and no reader needs it. Under steady reading that
/// moment may never come, so a log that grew long is written back with readers held off for a moment.
final class WriteAheadLog {
  private static let longLog = 16

  private let checkpointPages: Int
  private var pages = 0
  private var writtenBackPages = 0
  private var restartPages: Int
  /// A write found no room left. What the log holds takes less in the file, and the log can then begin anew.
  private var wantsRoom = false

  init(checkpointPages: Int) {
    self.checkpointPages = max(1, checkpointPages)
    restartPages = self.checkpointPages * Self.longLog
  }

  var isDue: Bool { wantsRoom || pages - writtenBackPages >= checkpointPages }
  var isLong: Bool { pages >= restartPages }

  /// `pages` is what the log holds after a commit.
  func noteCommit(pages: Int) {
    if pages < self.pages {
      writtenBackPages = 0
      restartPages = checkpointPages * Self.longLog
    }
    self.pages = pages
  }

  /// To be called before the attempt.
  func noteWriteBack() {
    writtenBackPages = pages
    wantsRoom = false
  }

  func noteNoRoom() { wantsRoom = true }

  /// A reader that lasts, a backup for instance, makes this fail; the next attempt comes when the log has doubled.
  func noteRestart() {
    writtenBackPages = pages
    restartPages = pages * 2
  }
}
