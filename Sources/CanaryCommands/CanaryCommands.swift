// CanaryCommands
