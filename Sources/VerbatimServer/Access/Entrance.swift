import HTTP

/// What stands before every handler: first who calls, then whether the caller may, then whether there was not too much;
/// and what is done leaves its trace.
struct Entrance: Sendable {
  private let gate: Gate
  private let limits: RequestLimits
  private let trail: AuditTrail
  private let errors: ErrorAnswers

  init(gate: Gate, limits: RequestLimits, trail: AuditTrail, errors: ErrorAnswers) {
    self.gate = gate
    self.limits = limits
    self.trail = trail
    self.errors = errors
  }

  /// `handler` as the router calls it.
  func before(_ handler: @escaping Handler, needs need: Need, audit action: AuditAction?) -> Handler {
    guard need != .nothing else { return handler }
    // Errors become answers here, so that these say what is left of the limit, too.
    let answering = errors.mapping.before(handler)
    return { request in
      let request = try await admit(request, needs: need)
      let decision = try await limits.admit(request)
      var response = try await traced(request, action, answering)
      decision?.addFields(to: &response.fields)
      return response
    }
  }

  private func traced(_ request: HTTPRequest, _ action: AuditAction?, _ next: Handler) async throws -> HTTPResponse {
    guard let action else { return try await next(request) }
    return try await trail.respond(to: request, doing: action, next: next)
  }

  private func admit(_ request: HTTPRequest, needs need: Need) async throws -> HTTPRequest {
    do {
      return try await gate.admit(request, needs: need)
    } catch let refusal as APIError {
      throw await limits.counted(refusal, of: request)
    }
  }
}
