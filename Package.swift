// swift-tools-version:6.1
import PackageDescription

// Which target may import what is decided in Documentation/design.md and checked by `make check`.
let package = Package(
  name: "verbatim",
  products: [
    .executable(name: "verbatim", targets: ["verbatim"]),
    .library(name: "VerbatimStore", targets: ["VerbatimStore"]),
  ],
  targets: [
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CSpawn"),
    .target(
      name: "CSimdjson",
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(
      name: "CRE2",
      linkerSettings: [.linkedLibrary("re2")]),
    .target(name: "CTriggers"),
    .target(
      name: "CBeast",
      linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),

    .target(name: "VerbatimModel", dependencies: ["CRE2", "CSimdjson", "CTriggers"]),
    .target(name: "Providers", dependencies: ["VerbatimModel"]),
    .target(name: "Threads"),
    .target(name: "Databases", dependencies: ["CMariaDB", "CPostgres", "CSQLite", "Threads"]),
    .target(name: "HTTP", dependencies: ["CBeast", "CCurl", "CZlib", "CZstd"]),
    .target(name: "Redis", dependencies: ["CHiredis"]),
    .target(name: "VerbatimStore", dependencies: ["COpenSSL", "VerbatimModel", "Databases"]),
    .target(
      name: "VerbatimServer",
      dependencies: [
        "VerbatimModel", "Providers", "Databases", "HTTP", "Redis", "Threads", "VerbatimStore", "CMalloc", "COpenSSL",
        "CZstd",
      ]),
    .executableTarget(name: "verbatim", dependencies: ["VerbatimServer"]),
    .executableTarget(
      name: "day-load", dependencies: ["VerbatimModel", "Databases", "VerbatimStore"],
      path: "Benchmarks/day-load"),
    .executableTarget(
      name: "search-load", dependencies: ["VerbatimModel", "Databases", "VerbatimStore"],
      path: "Benchmarks/search-load"),
    .executableTarget(
      name: "append-load", dependencies: ["VerbatimModel", "Databases", "VerbatimStore"],
      path: "Benchmarks/append-load"),
    .executableTarget(
      name: "redaction-load", dependencies: ["VerbatimModel"], path: "Benchmarks/redaction-load"),
    .target(
      name: "VerbatimTesting",
      dependencies: [
        "CSpawn", "CZlib", "CZstd", "VerbatimModel", "Providers", "Databases", "HTTP", "Redis", "Threads",
        "VerbatimStore", "VerbatimServer",
      ]),

    .testTarget(name: "VerbatimModelTests", dependencies: ["VerbatimModel", "VerbatimTesting"]),
    .testTarget(name: "ProvidersTests", dependencies: ["Providers", "VerbatimTesting"]),
    .testTarget(name: "DatabasesTests", dependencies: ["Databases", "Threads", "VerbatimTesting"]),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP", "VerbatimTesting"]),
    .testTarget(name: "RedisTests", dependencies: ["Redis", "VerbatimTesting"]),
    .testTarget(name: "VerbatimStoreTests", dependencies: ["VerbatimStore", "VerbatimTesting"]),
    .testTarget(name: "VerbatimServerTests", dependencies: ["VerbatimServer", "VerbatimTesting"]),
    .testTarget(name: "CrashTests", dependencies: ["Databases", "VerbatimTesting", "verbatim"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
