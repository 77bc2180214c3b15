import Testing

@testable import Databases

@Suite struct WriteAheadLogTests {
  @Test func `a checkpoint is due each time enough pages have gathered`() {
    let log = WriteAheadLog(checkpointPages: 100)
    log.noteCommit(pages: 99)
    #expect(!log.isDue)
    log.noteCommit(pages: 100)
    #expect(log.isDue)
    log.noteWriteBack()
    #expect(!log.isDue)
    log.noteCommit(pages: 199)
    #expect(!log.isDue)
    log.noteCommit(pages: 200)
    #expect(log.isDue)
  }

  @Test func `where there was no room a checkpoint is due until one has been tried`() {
    let log = WriteAheadLog(checkpointPages: 100)
    log.noteCommit(pages: 5)
    log.noteNoRoom()
    #expect(log.isDue)
    log.noteWriteBack()
    #expect(!log.isDue)
  }

  @Test func `a log that started over counts from its beginning`() {
    let log = WriteAheadLog(checkpointPages: 100)
    log.noteCommit(pages: 150)
    log.noteWriteBack()
    log.noteCommit(pages: 20)
    #expect(!log.isDue)
    log.noteCommit(pages: 100)
    #expect(log.isDue)
  }

  @Test func `a log that grew long asks for more, at growing distances`() {
    let log = WriteAheadLog(checkpointPages: 100)
    log.noteCommit(pages: 1599)
    #expect(!log.isLong)
    log.noteCommit(pages: 1600)
    #expect(log.isLong)
    log.noteRestart()
    log.noteCommit(pages: 3199)
    #expect(!log.isLong)
    log.noteCommit(pages: 3200)
    #expect(log.isLong)
    log.noteRestart()
    log.noteCommit(pages: 10)
    log.noteCommit(pages: 1600)
    #expect(log.isLong)
  }
}
