import HTTP

/// The whole surface: every route, and nothing that is not one.
enum Routes {
  static func table(
    behind entrance: Entrance, ingest: IngestHandlers, reading: ReadingHandlers, conversations: ConversationHandlers,
    parts: ConversationPartHandlers, usage: UsageHandlers, completions: CompletionHandlers,
    accounts: AccountHandlers, keys: KeyHandlers, audit: AuditHandlers, exports: ExportHandlers,
    jobs: ExportJobHandlers,
    reencryption: ReencryptionHandlers, search: SearchHandlers, health: HealthHandlers, gateway: GatewayHandlers,
    models: ModelHandlers, chat: ChatHandlers, others: PassThroughHandlers,
    responses: ResponseHandlers, stored: StoredConversationHandlers, items: ItemHandlers,
    channels: ChannelHandlers
  ) -> RouteTable {
    var table = RouteTable(behind: entrance)
    table.on("POST", "/api/chat/insert", needs: .ingest, ingest.insert)
    table.on("POST", "/api/chat/insert/batch", needs: .ingest, ingest.insertBatch)
    table.on("POST", "/api/chat/error", needs: .ingest, ingest.insertFailure)
    table.on("POST", "/api/chat", needs: .chat, audit: .conversationChat, chat.chat)
    table.on("GET", "/api/chat/health", needs: .nothing, health.service)
    table.on("GET", "/api/chat/{conversation_id}", needs: .read, audit: .conversationRead, reading.conversation)
    table.on("GET", "/api/chat/{conversation_id}/messages", needs: .read, audit: .conversationRead, reading.messages)
    addConversations(conversations, parts, usage, to: &table)
    addExports(exports, jobs, to: &table)
    addModels(gateway, models, others, to: &table)
    addCompletions(completions, to: &table)
    addResponses(responses, to: &table)
    addItems(stored, items, to: &table)
    table.on("GET", "/api/admin/accounts", needs: .admin, audit: .accountList, accounts.list)
    table.on("POST", "/api/admin/accounts", needs: .admin, audit: .accountCreate, accounts.create)
    table.on("PATCH", "/api/admin/accounts/{name}", needs: .admin, audit: .accountChange, accounts.change)
    table.on("GET", "/api/admin/keys", needs: .admin, audit: .keyList, keys.list)
    table.on("POST", "/api/admin/keys", needs: .admin, audit: .keyCreate, keys.create)
    table.on("PATCH", "/api/admin/keys/{id}", needs: .admin, audit: .keyChange, keys.change)
    table.on("DELETE", "/api/admin/keys/{id}", needs: .admin, audit: .keyRevoke, keys.revoke)
    table.on("POST", "/api/admin/keys/{id}/rotate", needs: .admin, audit: .keyRotate, keys.rotate)
    table.on("GET", "/api/admin/audit", needs: .admin, audit: .auditRead, audit.list)
    table.on("GET", "/api/admin/channels", needs: .admin, audit: .channelList, channels.list)
    table.on("POST", "/api/admin/channels", needs: .admin, audit: .channelCreate, channels.create)
    table.on("PATCH", "/api/admin/channels/{id}", needs: .admin, audit: .channelChange, channels.change)
    table.on("DELETE", "/api/admin/channels/{id}", needs: .admin, audit: .channelDelete, channels.delete)
    table.on("POST", "/api/admin/channels/{id}/test", needs: .admin, audit: .channelTest, channels.test)
    table.on("GET", "/api/v1/search", needs: .read, audit: .conversationSearch, search.search)
    table.on("GET", "/api/admin/search", needs: .admin, audit: .searchStatus, search.index)
    table.on("POST", "/api/admin/search/reindex", needs: .admin, audit: .searchReindex, search.reindex)
    let content = "/api/admin/reencryption"
    table.on("GET", content, needs: .admin, audit: .contentReencryptionRead, reencryption.progress)
    table.on("POST", content, needs: .admin, audit: .contentReencrypt, reencryption.start)
    table.on("GET", "/health/live", needs: .nothing, health.live)
    table.on("GET", "/health/ready", needs: .nothing, health.ready)
    return table
  }

  private static func addModels(
    _ gateway: GatewayHandlers, _ models: ModelHandlers, _ others: PassThroughHandlers, to table: inout RouteTable
  ) {
    table.on("POST", "/v1/chat/completions", needs: .chat, audit: .modelCall, gateway.chatCompletions)
    table.on("POST", "/v1/responses", needs: .chat, audit: .modelCall, gateway.responses)
    table.on("POST", "/v1/messages", needs: .chat, audit: .modelCall, gateway.messages)
    table.on("GET", "/v1/models", needs: .chat, audit: .modelList, models.list)
    table.on("GET", "/v1/models/{model}", needs: .chat, audit: .modelList, models.model)
    let paths = [
      "/v1/{resource}", "/v1/{resource}/{id}", "/v1/{resource}/{id}/{part}", "/v1/{resource}/{id}/{part}/{part_id}",
    ]
    for path in paths {
      for method in ["GET", "POST", "DELETE"] {
        table.on(method, path, needs: .chat, audit: .modelCall, others.pass)
      }
    }
  }

  private static func addConversations(
    _ conversations: ConversationHandlers, _ parts: ConversationPartHandlers, _ usage: UsageHandlers,
    to table: inout RouteTable
  ) {
    let one = "/api/v1/conversations/{conversation_id}"
    table.on("GET", "/api/v1/conversations", needs: .read, audit: .conversationList, conversations.list)
    table.on("GET", one, needs: .read, audit: .conversationRead, conversations.messages)
    table.on("PATCH", one, needs: .chat, audit: .conversationChange, conversations.change)
    table.on("DELETE", one, needs: .chat, audit: .conversationDelete, conversations.delete)
    table.on("POST", one + "/restore", needs: .chat, audit: .conversationRestore, conversations.restore)
    table.on("POST", one + "/purge", needs: .chat, audit: .conversationPurge, conversations.purge)
    table.on("GET", one + "/settings", needs: .read, audit: .conversationRead, parts.settings)
    table.on("PUT", one + "/settings", needs: .chat, audit: .conversationChange, parts.setSettings)
    table.on("GET", one + "/files", needs: .read, audit: .conversationRead, parts.files)
    table.on("GET", one + "/errors", needs: .read, audit: .conversationRead, parts.failures)
    table.on("GET", "/api/v1/errors", needs: .read, audit: .conversationList, parts.failures)
    table.on("GET", "/api/v1/stats/conversations", needs: .read, audit: .conversationStatistics, parts.statistics)
    table.on("GET", "/api/v1/stats", needs: .read, audit: .conversationStatistics, usage.list)
    table.on("GET", one + "/exchanges/{exchange_id}/request", needs: .read, audit: .conversationRead, parts.request)
    let older = "/api/conversations/{conversation_id}"
    table.on("GET", older, needs: .read, audit: .conversationRead, conversations.messages)
    table.on("DELETE", older, needs: .chat, audit: .conversationDelete, conversations.delete)
  }

  private static func addExports(
    _ exports: ExportHandlers, _ jobs: ExportJobHandlers, to table: inout RouteTable
  ) {
    let one = "/api/conversations/{conversation_id}/export"
    table.on("GET", one, needs: .read, audit: .conversationExport, exports.conversation)
    table.on("GET", "/api/conversations/export-all", needs: .read, audit: .conversationExport, exports.all)
    let job = "/api/exports/{id}"
    table.on("GET", "/api/exports", needs: .read, audit: .conversationList, jobs.list)
    table.on("POST", "/api/exports", needs: .read, audit: .conversationExport, jobs.create)
    table.on("GET", job, needs: .read, audit: .conversationList, jobs.one)
    table.on("DELETE", job, needs: .read, audit: .exportRemove, jobs.remove)
    table.on("GET", job + "/file", needs: .read, audit: .conversationExport, jobs.file)
  }

  /// Stored completions, as OpenAI's clients ask for them.
  private static func addCompletions(_ completions: CompletionHandlers, to table: inout RouteTable) {
    let all = "/v1/chat/completions"
    let one = all + "/{completion_id}"
    table.on("GET", all, needs: .read, audit: .conversationList, completions.list)
    table.on("GET", one, needs: .read, audit: .conversationRead, completions.completion)
    table.on("POST", one, needs: .chat, audit: .conversationChange, completions.update)
    table.on("DELETE", one, needs: .chat, audit: .conversationDelete, completions.delete)
    table.on("GET", one + "/messages", needs: .read, audit: .conversationRead, completions.messages)
  }

  private static func addResponses(_ responses: ResponseHandlers, to table: inout RouteTable) {
    let one = "/v1/responses/{response_id}"
    table.on("GET", one, needs: .read, audit: .conversationRead, responses.response)
    table.on("DELETE", one, needs: .chat, audit: .conversationDelete, responses.delete)
    table.on("GET", one + "/input_items", needs: .read, audit: .conversationRead, responses.inputItems)
    table.on("POST", one + "/cancel", needs: .chat, audit: .modelCall, responses.cancel)
  }

  /// Conversations and their items, as OpenAI's clients ask for them.
  private static func addItems(_ stored: StoredConversationHandlers, _ items: ItemHandlers, to table: inout RouteTable)
  {
    let one = "/v1/conversations/{conversation_id}"
    table.on("POST", "/v1/conversations", needs: .chat, audit: .conversationCreate, stored.create)
    table.on("GET", one, needs: .read, audit: .conversationRead, stored.conversation)
    table.on("POST", one, needs: .chat, audit: .conversationChange, stored.update)
    table.on("DELETE", one, needs: .chat, audit: .conversationDelete, stored.delete)
    table.on("POST", one + "/items", needs: .chat, audit: .conversationChange, items.create)
    table.on("GET", one + "/items", needs: .read, audit: .conversationRead, items.list)
    table.on("GET", one + "/items/{item_id}", needs: .read, audit: .conversationRead, items.item)
    table.on("DELETE", one + "/items/{item_id}", needs: .chat, audit: .conversationChange, items.remove)
  }
}
