import HTTP

/// What stands before every handler: first who calls, then whether the caller may, then whether there was not too much.
struct Entrance: Sendable {
  private let gate: Gate
  private let limits: RequestLimits
  private let errors: ErrorAnswers

  init(gate: Gate, limits: RequestLimits, errors: ErrorAnswers) {
    self.gate = gate
    self.limits = limits
    self.errors = errors
  }

  /// `handler` as the router calls it.
  func before(_ handler: @escaping Handler, needs need: Need) -> Handler {
    guard need != .nothing else { return handler }
    // Errors become answers here, so that these say what is left of the limit, too.
    let answering = errors.mapping.before(handler)
    return { request in
      let request = try await admit(request, needs: need)
      let decision = try await limits.admit(request)
      var response = try await answering(request)
      decision?.addFields(to: &response.fields)
      return response
    }
  }

  private func admit(_ request: HTTPRequest, needs need: Need) async throws -> HTTPRequest {
    do {
      return try await gate.admit(request, needs: need)
    } catch let refusal as APIError {
      throw await limits.counted(refusal, of: request)
    }
  }
}
