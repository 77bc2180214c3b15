import Glibc
import VerbatimServer

// Conversations are their owner's: no file that is made here is for others to read.
umask(0o077)
Signals.ignoreBrokenPipesAndFileLimits()
FileLimit.raise()
Scheduling.leaveWorkersAlone()
exit(await CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
