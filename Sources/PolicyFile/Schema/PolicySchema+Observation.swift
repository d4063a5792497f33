internal import RolloutCore

extension PolicySchema {
  static let probe = ObjectSchema(
    name: "a probe",
    fields: [
      Field("name", .text(.free), example: "health", "Name in reports. Without it: what is asked."),
      Field(
        "http", .text(.url), example: "\"http://{host}:8080/healthz\"",
        "A GET request; `{host}`, `{id}`, `{zone}` and labels become the instance's. Redirects are not followed."),
      Field("tcp", .text(.hostAndPort), example: "\"{host}:5432\"", "Good when a connection is accepted."),
      Field("command", .command, example: "[./bin/healthy]", "Run on the instance's host; good when it exits with 0."),
      Field(
        "interval", .duration(minimum: .milliseconds(100)), default: "2s", example: "2s", "Time between questions."),
      Field("timeout", .duration(minimum: .milliseconds(10)), default: "1s", example: "1s", "Time for one answer."),
      Field("rise", .integer(1...100), default: "3", example: "3", "Good answers in a row that make it healthy."),
      Field("fall", .integer(1...100), default: "2", example: "2", "Bad answers in a row that make it unhealthy."),
      Field(
        "headers", .dictionary(key: .headerName, value: .text(.free)), example: "{Host: shop.example.net}",
        partner: "http", "Request headers."),
      Field("expect", .object(expect), example: "{status: 200}", partner: "http", "What makes an answer good."),
    ],
    alternatives: [["http"], ["tcp"], ["command"]])

  static let expect = ObjectSchema(
    name: "an expectation",
    fields: [
      Field(
        "status", .oneOf([.integer(100...599), .list(of: .integer(100...599), minimum: 1)]), default: "200",
        example: "[200, 204]", "Accepted status codes."),
      Field("body", .text(.free), example: "ok", "Text that the body must contain."),
      Field(
        "json", .dictionary(key: .jsonPointer, value: .text(.free)), example: "{/status: up}",
        "JSON pointers into the body and the text of the value there."),
      Field(
        "headers", .dictionary(key: .headerName, value: .text(.free)), example: "{X-Ready: \"yes\"}",
        "Response headers and their values."),
      Field(
        "version", .oneOf([.text(.urlPath), .object(versionSource)]), example: "/version",
        "Where the answer names the version, which must be the one just pushed: a path, or another place."),
    ])

  static let versionSource = ObjectSchema(
    name: "a source of the version",
    fields: [
      Field("path", .text(.urlPath), example: "/version", "Another path, whose body is the version."),
      Field("pointer", .text(.jsonPointer), example: "/build/version", "A JSON pointer into the body."),
      Field("header", .text(.headerName), example: "X-Version", "A response header."),
      Field("body", .boolean, example: "true", "The whole body."),
    ],
    alternatives: [["path"], ["pointer"], ["header"], ["body"]])
}
