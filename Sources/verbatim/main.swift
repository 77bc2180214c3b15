import Glibc
import VerbatimServer

Signals.ignoreBrokenPipesAndFileLimits()
FileLimit.raise()
exit(await CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
