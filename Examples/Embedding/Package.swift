// swift-tools-version:6.1
import PackageDescription

// A server of yours would name the repository and a version here, instead of the folder that this example lies in.
let package = Package(
  name: "Embedding",
  dependencies: [.package(name: "verbatim", path: "../..")],
  targets: [
    .executableTarget(name: "Embedding", dependencies: [.product(name: "VerbatimStore", package: "verbatim")])
  ],
  swiftLanguageModes: [.v6]
)
