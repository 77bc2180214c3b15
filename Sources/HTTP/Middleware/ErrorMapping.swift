/// Makes an answer of what a handler throws. Cancellation passes: nobody is left who would read an answer.
package struct ErrorMapping: Middleware {
  private let answer: @Sendable (any Error, HTTPRequest) -> HTTPResponse

  package init(_ answer: @escaping @Sendable (any Error, HTTPRequest) -> HTTPResponse) { self.answer = answer }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    do {
      return try await next(request)
    } catch let cancellation as CancellationError {
      throw cancellation
    } catch {
      return answer(error, request)
    }
  }
}
