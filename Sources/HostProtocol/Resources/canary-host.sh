# canary-host
