// HostProtocol
