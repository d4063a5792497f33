import CanaryCommands

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

exit(await CanaryTool.run(Array(CommandLine.arguments.dropFirst())))
