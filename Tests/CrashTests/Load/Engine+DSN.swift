import Databases
import Foundation
import Testing

extension Engine {
  /// As the command line takes it.
  var dsn: String {
    get throws {
      switch self {
      case .sqlite(let file): return file.path
      case .postgres(let address):
        let host = try #require(address.hosts.first)
        let login = login(address.user, address.password)
        return "postgres://\(login)@/\(address.database)?host=\(encoded(host.name))&port=\(host.port)"
      case .mysql(let address):
        let login = login(address.user, address.password)
        switch address.place {
        case .host(let name, let port): return "mysql://\(login)@\(name):\(port)/\(address.database)"
        case .socket(let path): return "mysql://\(login)@unix(\(path))/\(address.database)"
        }
      }
    }
  }

  private func login(_ user: String, _ password: String?) -> String {
    encoded(user) + (password.map { ":" + encoded($0) } ?? "")
  }

  private func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
  }
}
