import HTTP

/// The whole surface: every route, and nothing that is not one.
enum Routes {
  static func table(
    behind entrance: Entrance, ingest: IngestHandlers, reading: ReadingHandlers, audit: AuditHandlers,
    health: HealthHandlers
  ) -> RouteTable {
    var table = RouteTable(behind: entrance)
    table.on("POST", "/api/chat/insert", needs: .ingest, ingest.insert)
    table.on("POST", "/api/chat/insert/batch", needs: .ingest, ingest.insertBatch)
    table.on("POST", "/api/chat/error", needs: .ingest, ingest.insertFailure)
    table.on("GET", "/api/chat/health", needs: .nothing, health.service)
    table.on("GET", "/api/chat/{conversation_id}", needs: .read, audit: .conversationRead, reading.conversation)
    table.on("GET", "/api/chat/{conversation_id}/messages", needs: .read, audit: .conversationRead, reading.messages)
    table.on("GET", "/api/admin/audit", needs: .admin, audit: .auditRead, audit.list)
    table.on("GET", "/health/live", needs: .nothing, health.live)
    table.on("GET", "/health/ready", needs: .nothing, health.ready)
    return table
  }
}
