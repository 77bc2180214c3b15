import VerbatimModel

extension Answer {
  /// From a response. Its output stays in the details as it is, since a message in OpenAI form does not hold all of it.
  init(response: JSONSlice) {
    self.init()
    var output = ResponseOutput()
    var details = JSONWriter()
    details.beginObject()
    for field in response.fields {
      if field.key == "output" { for item in field.value.elements { output.add(item) } }
      if field.key == "usage" {
        if field.value.kind == .object { usage = field.value.bytes }
      } else {
        details.field(key: field.key.json, field.value.bytes)
      }
    }
    details.endObject()
    choices = [output.message]
    self.details = details.bytes[...]
    responseID = response["id"]?.exactID(limit: IngestLimits.code)
    setStatus(of: response)
  }

  private mutating func setStatus(of response: JSONSlice) {
    let status = response["status"]?.string?.string
    switch status {
    case "failed", "cancelled":
      if let error = response["error"], !error.isNull { return fail(with: error) }
      fail(status ?? "", "the response has the status \(status ?? "")")
    case "incomplete":
      finishReason = response["incomplete_details"]?["reason"]?.exactID(limit: IngestLimits.code) ?? status
    case "queued", "in_progress":
      // It runs in the background; until then nobody has answered.
      finishReason = status
      if response["output"]?.elements.first(where: { _ in true }) == nil { choices = [] }
    default: finishReason = status
    }
    if response["output"] == nil { fail(CaptureFailure.invalid, "the answer has no output") }
  }
}
