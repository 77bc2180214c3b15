// sqlite_loop SOURCE TARGET: how fast can this machine write what Verbatim wrote, without HTTP, JSON or Swift?
//
// Reads every row of a database that Verbatim filled into memory, makes a new database with the same tables and
// indexes, and writes the same rows in one transaction with prepared statements, exchange by exchange: its messages,
// files and keys, then its conversation, inserted by the first exchange and updated by each later one. Tables that
// Verbatim sums up over many exchanges (usage) are written once, which favours this loop a little.
// Prints {"exchanges": …, "seconds": …} for the time from BEGIN to the end of COMMIT.

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { maximum_tables = 64, key_size = 16 };

typedef struct {
  sqlite3_value **values;  // NULL where the column is NULL
  unsigned char key[key_size];
} Row;

typedef struct {
  char name[128];
  int columns;
  Row *rows;
  size_t count, next;
  bool follows_exchanges;  // rows carry the id of the exchange that brings them; others are written at the end
  sqlite3_stmt *insert;
} Table;

static void check(int code, sqlite3 *database, const char *doing) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  fprintf(stderr, "%s: %s\n", doing, sqlite3_errmsg(database));
  exit(1);
}

static void run(sqlite3 *database, const char *sql) { check(sqlite3_exec(database, sql, 0, 0, 0), database, sql); }

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql) {
  sqlite3_stmt *statement = NULL;
  check(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), database, sql);
  return statement;
}

static bool has_column(sqlite3 *database, const char *table, const char *column) {
  sqlite3_stmt *statement = prepare(database, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
  sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, column, -1, SQLITE_STATIC);
  bool found = sqlite3_step(statement) == SQLITE_ROW;
  sqlite3_finalize(statement);
  return found;
}

static void load(sqlite3 *source, Table *table) {
  char sql[1024];
  const char *conversation = NULL;
  if (!strcmp(table->name, "conversations")) conversation = "t.id";
  else if (has_column(source, table->name, "conversation_id")) conversation = "t.conversation_id";

  table->follows_exchanges = true;
  if (has_column(source, table->name, "exchange_id"))
    snprintf(sql, sizeof sql, "SELECT t.*, t.exchange_id FROM \"%s\" AS t ORDER BY t.exchange_id", table->name);
  else if (conversation)
    snprintf(sql, sizeof sql,
             "SELECT t.*, (SELECT h.exchange_id FROM conversation_histories AS h WHERE h.account_id = t.account_id"
             " AND h.conversation_id = %s ORDER BY h.id LIMIT 1) AS first FROM \"%s\" AS t ORDER BY first",
             conversation, table->name);
  else {
    table->follows_exchanges = false;
    snprintf(sql, sizeof sql, "SELECT t.*, NULL FROM \"%s\" AS t", table->name);
  }

  sqlite3_stmt *select = prepare(source, sql);
  table->columns = sqlite3_column_count(select) - 1;
  size_t capacity = 0;
  int code;
  while ((code = sqlite3_step(select)) == SQLITE_ROW) {
    if (table->count == capacity) {
      capacity = capacity ? capacity * 2 : 1024;
      table->rows = realloc(table->rows, capacity * sizeof(Row));
    }
    Row *row = &table->rows[table->count++];
    row->values = calloc(table->columns, sizeof(sqlite3_value *));
    for (int i = 0; i < table->columns; i++)
      if (sqlite3_column_type(select, i) != SQLITE_NULL) row->values[i] = sqlite3_value_dup(sqlite3_column_value(select, i));
    memset(row->key, 0, key_size);
    if (sqlite3_column_bytes(select, table->columns) == key_size)
      memcpy(row->key, sqlite3_column_blob(select, table->columns), key_size);
  }
  check(code, source, sql);
  sqlite3_finalize(select);
}

static void prepare_insert(sqlite3 *target, Table *table) {
  char sql[4096];
  int length = snprintf(sql, sizeof sql, "INSERT INTO \"%s\" VALUES (?", table->name);
  for (int i = 1; i < table->columns; i++) length += snprintf(sql + length, sizeof sql - length, ", ?");
  snprintf(sql + length, sizeof sql - length, ")");
  table->insert = prepare(target, sql);
}

static void insert(sqlite3 *target, Table *table, Row *row) {
  for (int i = 0; i < table->columns; i++) {
    sqlite3_value *value = row->values[i];
    sqlite3_stmt *statement = table->insert;
    switch (value ? sqlite3_value_type(value) : SQLITE_NULL) {
      case SQLITE_INTEGER: sqlite3_bind_int64(statement, i + 1, sqlite3_value_int64(value)); break;
      case SQLITE_FLOAT: sqlite3_bind_double(statement, i + 1, sqlite3_value_double(value)); break;
      case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_value_text(value);
        sqlite3_bind_text(statement, i + 1, text, sqlite3_value_bytes(value), SQLITE_STATIC);
        break;
      }
      case SQLITE_BLOB: {
        const void *bytes = sqlite3_value_blob(value);
        sqlite3_bind_blob(statement, i + 1, bytes ? bytes : "", sqlite3_value_bytes(value), SQLITE_STATIC);
        break;
      }
      default: sqlite3_bind_null(statement, i + 1);
    }
  }
  check(sqlite3_step(table->insert), target, table->name);
  check(sqlite3_reset(table->insert), target, table->name);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int column_index(sqlite3 *database, const char *table, const char *column) {
  sqlite3_stmt *statement = prepare(database, "SELECT cid FROM pragma_table_info(?) WHERE name = ?");
  sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, column, -1, SQLITE_STATIC);
  if (sqlite3_step(statement) != SQLITE_ROW) {
    fprintf(stderr, "no column %s in %s\n", column, table);
    exit(1);
  }
  int index = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return index;
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: sqlite_loop SOURCE TARGET\n");
    return 2;
  }
  sqlite3 *source = NULL, *target = NULL;
  check(sqlite3_open_v2(arguments[1], &source, SQLITE_OPEN_READONLY, NULL), source, arguments[1]);
  check(sqlite3_open(arguments[2], &target), target, arguments[2]);
  run(target,
      "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
      "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY");

  static Table tables[maximum_tables];
  int table_count = 0;
  Table *histories = NULL;
  sqlite3_stmt *schema = prepare(
      source, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid");
  while (sqlite3_step(schema) == SQLITE_ROW) {
    run(target, (const char *)sqlite3_column_text(schema, 2));
    if (strcmp((const char *)sqlite3_column_text(schema, 0), "table") || table_count == maximum_tables) continue;
    Table *table = &tables[table_count++];
    snprintf(table->name, sizeof table->name, "%s", sqlite3_column_text(schema, 1));
    load(source, table);
    prepare_insert(target, table);
    if (!strcmp(table->name, "conversation_histories")) histories = table;
  }
  sqlite3_finalize(schema);
  if (!histories || !histories->count) {
    fprintf(stderr, "%s holds no exchanges\n", arguments[1]);
    return 1;
  }

  sqlite3_stmt *update = prepare(
      target,
      "UPDATE conversations SET dialogue_count = dialogue_count + 0, message_count = message_count + 0,"
      " total_tokens = total_tokens + 0, updated_at = ?, last_active_at = ? WHERE account_id = ? AND id = ?");
  int account = column_index(source, "conversation_histories", "account_id");
  int conversation = column_index(source, "conversation_histories", "conversation_id");
  int created = column_index(source, "conversation_histories", "created_at");

  size_t exchanges = 0;
  double start = now();
  run(target, "BEGIN IMMEDIATE");
  while (histories->next < histories->count) {
    Row *first = &histories->rows[histories->next];
    exchanges++;
    bool is_new = false;
    for (int i = 0; i < table_count; i++) {
      Table *table = &tables[i];
      if (!table->follows_exchanges) continue;
      while (table->next < table->count && memcmp(table->rows[table->next].key, first->key, key_size) <= 0) {
        insert(target, table, &table->rows[table->next++]);
        if (!strcmp(table->name, "conversations")) is_new = true;
      }
    }
    if (is_new) continue;
    sqlite3_bind_int64(update, 1, sqlite3_value_int64(first->values[created]));
    sqlite3_bind_int64(update, 2, sqlite3_value_int64(first->values[created]));
    sqlite3_bind_value(update, 3, first->values[account]);
    sqlite3_bind_value(update, 4, first->values[conversation]);
    check(sqlite3_step(update), target, "UPDATE conversations");
    check(sqlite3_reset(update), target, "UPDATE conversations");
  }
  for (int i = 0; i < table_count; i++)
    for (Table *table = &tables[i]; table->next < table->count; table->next++)
      insert(target, table, &table->rows[table->next]);
  run(target, "COMMIT");
  printf("{\"exchanges\": %zu, \"seconds\": %.4f}\n", exchanges, now() - start);
  return 0;
}
