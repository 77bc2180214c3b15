import HTTP

/// The whole surface: every route, and nothing that is not one.
enum Routes {
  static func table(
    behind entrance: Entrance, ingest: IngestHandlers, reading: ReadingHandlers, accounts: AccountHandlers,
    keys: KeyHandlers, audit: AuditHandlers, health: HealthHandlers
  ) -> RouteTable {
    var table = RouteTable(behind: entrance)
    table.on("POST", "/api/chat/insert", needs: .ingest, ingest.insert)
    table.on("POST", "/api/chat/insert/batch", needs: .ingest, ingest.insertBatch)
    table.on("POST", "/api/chat/error", needs: .ingest, ingest.insertFailure)
    table.on("GET", "/api/chat/health", needs: .nothing, health.service)
    table.on("GET", "/api/chat/{conversation_id}", needs: .read, audit: .conversationRead, reading.conversation)
    table.on("GET", "/api/chat/{conversation_id}/messages", needs: .read, audit: .conversationRead, reading.messages)
    table.on("GET", "/api/admin/accounts", needs: .admin, audit: .accountList, accounts.list)
    table.on("POST", "/api/admin/accounts", needs: .admin, audit: .accountCreate, accounts.create)
    table.on("PATCH", "/api/admin/accounts/{name}", needs: .admin, audit: .accountChange, accounts.change)
    table.on("GET", "/api/admin/keys", needs: .admin, audit: .keyList, keys.list)
    table.on("POST", "/api/admin/keys", needs: .admin, audit: .keyCreate, keys.create)
    table.on("DELETE", "/api/admin/keys/{id}", needs: .admin, audit: .keyRevoke, keys.revoke)
    table.on("POST", "/api/admin/keys/{id}/rotate", needs: .admin, audit: .keyRotate, keys.rotate)
    table.on("GET", "/api/admin/audit", needs: .admin, audit: .auditRead, audit.list)
    table.on("GET", "/health/live", needs: .nothing, health.live)
    table.on("GET", "/health/ready", needs: .nothing, health.ready)
    return table
  }
}
