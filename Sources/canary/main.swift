print("canary")
