#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CanaryCommands

exit(await CanaryTool.run(Array(CommandLine.arguments.dropFirst())))
