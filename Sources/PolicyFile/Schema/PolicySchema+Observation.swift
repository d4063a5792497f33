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
        "headers", .dictionary(key: .headerName, value: .free), example: "{Host: shop.example.net}",
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
        "json", .dictionary(key: .jsonPointer, value: .free), example: "{/status: up}",
        "JSON pointers into the body and the text of the value there."),
      Field(
        "headers", .dictionary(key: .headerName, value: .free), example: "{X-Ready: \"yes\"}",
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

  static let check = ObjectSchema(
    name: "a check",
    fields: [
      Field("name", .text(.free), required: true, example: "server-errors", "Name in reports and verdicts."),
      Field(
        "scrape", .text(.url), required: true, example: "\"http://{host}:8080/metrics\"",
        "Address of each instance's metrics in Prometheus' text format."),
      Field(
        "bad", .text(.selector), example: "'http_requests_total{code=~\"5..\"}'", "Counter of what must not happen."),
      Field("total", .text(.selector), example: "http_requests_total", "Counter of what `bad` is a share of."),
      Field(
        "histogram", .text(.selector), example: "http_request_duration_seconds", "Histogram, without `_bucket`."),
      Field("quantile", .number(between: 0, and: 1), example: "0.99", "Quantile of the histogram that is compared."),
      Field("gauge", .text(.selector), example: "queue_length", "A value that goes up and down. Needs `limit`."),
      Field(
        "tolerance", .percentage(maximum: 1000, zero: true), default: "10%", example: "20%",
        "How much worse than the siblings is tolerated."),
      Field(
        "limit", .numberOrPercentage, example: "5%",
        "Bound whatever the siblings do: a share for `bad` and `total`, the metric's own unit elsewhere."),
      Field(
        "interval", .duration(minimum: .seconds(1)), default: "5s", example: "5s", "Time between two measurements."),
      Field(
        "initial_delay", .duration(minimum: .zero), default: "0s", example: "30s",
        "Time after the update in which this check is not judged."),
      Field("muted", .boolean, default: "false", example: "false", "Measured and shown, never acted on."),
    ],
    alternatives: [["bad", "total"], ["histogram", "quantile"], ["gauge"]])
}
