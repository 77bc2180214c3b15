import Testing

/// What a killed process, a full disk and broken files leave behind. One after another: each of them loads the machine.
@Suite(.serialized) struct CrashTests {}
