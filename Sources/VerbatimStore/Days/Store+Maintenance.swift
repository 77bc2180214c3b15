import Databases

/// What is to be done from time to time, by one replica at a time where once is enough.
extension Store {
  private static let interval: Duration = .seconds(60)

  /// Looks after the tables of days until it is cancelled.
  package func maintain() async {
    while !Task.isCancelled {
      await maintainOnce()
      // Cancelling ends the wait, and the loop then.
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// One round; what fails is logged and tried again in the next.
  package func maintainOnce() async {
    // Some of it would wait for a server that hangs, whatever becomes of this task.
    guard !database.isHanging else { return }
    await step("make tables of days") { try await self.makeComingTables() }
    await step("look for tables of days that are gone") { _ = try await self.noticeGoneTables() }
    await step("finish purges") { try await self.finishPurges() }
    await step("keep what is to be kept") { try await self.applyRetention() }
  }

  private func step(_ name: String, _ body: @Sendable () async throws -> Void) async {
    do {
      try await body()
    } catch  where Task.isCancelled {
      // The end of the server ends this, too.
      return
    } catch {
      log.warning("MES maintenance failed", ["step": name, "error": "\(error)"])
    }
  }
}
