import HTTP

/// The whole surface: every route, and nothing that is not one.
enum Routes {
  static func router(ingest: IngestHandlers, reading: ReadingHandlers, health: HealthHandlers) -> Router {
    var router = Router()
    router.on("POST", "/api/chat/insert", ingest.insert)
    router.on("POST", "/api/chat/insert/batch", ingest.insertBatch)
    router.on("POST", "/api/chat/error", ingest.insertFailure)
    router.on("GET", "/api/chat/health", health.service)
    router.on("GET", "/api/chat/{conversation_id}", reading.conversation)
    router.on("GET", "/api/chat/{conversation_id}/messages", reading.messages)
    router.on("GET", "/health/live", health.live)
    router.on("GET", "/health/ready", health.ready)
    return router
  }
}
