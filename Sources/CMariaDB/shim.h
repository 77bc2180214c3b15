#pragma once
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

// Variadic functions and macros that Swift cannot import.

/// The server's capabilities past the first 32 bits: MariaDB's own.
static inline unsigned long cmariadb_extended_capabilities(MYSQL *connection) {
  unsigned long capabilities = 0;
  mariadb_get_infov(connection, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &capabilities);
  return capabilities;
}

static const unsigned long CMARIADB_BULK_OPERATIONS = (unsigned long)(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32);
static const unsigned long CMARIADB_FLAGS = CLIENT_MULTI_STATEMENTS;
static const unsigned int CMARIADB_UNSIGNED = UNSIGNED_FLAG;
static const unsigned int CMARIADB_IN_TRANSACTION = SERVER_STATUS_IN_TRANS;
