import COpenSSL
import VerbatimModel

/// AES-256-GCM with a random nonce of 12 bytes before the ciphertext and a tag of 16 behind it.
///
/// With random nonces a key is good for 2^32 texts.
enum AESGCM {
  static let nonceSize = 12
  private static let tagSize = 16

  /// `nonce`: 12 bytes that no other text of the key has; nil for random ones.
  static func seal(
    _ text: Bytes, key: [UInt8], authenticating place: [UInt8], nonce: [UInt8]? = nil
  ) -> [UInt8] {
    var box = nonce ?? [UInt8](repeating: 0, count: nonceSize)
    precondition(box.count == nonceSize)
    let isNonceReady = nonce != nil || RAND_bytes(&box, Int32(nonceSize)) == 1
    box += [UInt8](repeating: 0, count: text.count + tagSize)
    let isDone = box.withUnsafeMutableBytes { box in
      text.withUnsafeBytes { text in encrypt(text, into: box, key: key, place) }
    }
    precondition(isNonceReady && isDone, "OpenSSL offers no AES-256-GCM or has no random bytes")
    return box
  }

  /// Behind the nonce, which stands there already.
  private static func encrypt(
    _ text: UnsafeRawBufferPointer, into box: UnsafeMutableRawBufferPointer, key: [UInt8], _ place: [UInt8]
  ) -> Bool {
    guard let context = EVP_CIPHER_CTX_new(), let nonce = box.bindMemory(to: UInt8.self).baseAddress else {
      return false
    }
    defer { EVP_CIPHER_CTX_free(context) }
    let input = text.bindMemory(to: UInt8.self).baseAddress
    let output = nonce + nonceSize
    var count: Int32 = 0
    return EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
      && EVP_EncryptUpdate(context, nil, &count, place, Int32(place.count)) == 1
      && (text.isEmpty || EVP_EncryptUpdate(context, output, &count, input, Int32(text.count)) == 1)
      && EVP_EncryptFinal_ex(context, output + text.count, &count) == 1
      && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(tagSize), output + text.count) == 1
  }

  /// nil for what is no such box, was changed, or belongs elsewhere.
  static func open(_ box: [UInt8], key: [UInt8], authenticating place: [UInt8]) -> [UInt8]? {
    guard box.count >= nonceSize + tagSize else { return nil }
    var text = [UInt8](repeating: 0, count: box.count - nonceSize - tagSize)
    let isRight = text.withUnsafeMutableBufferPointer { text in
      box.withUnsafeBufferPointer { box in decrypt(box, into: text, key: key, place) }
    }
    return isRight ? text : nil
  }

  private static func decrypt(
    _ box: UnsafeBufferPointer<UInt8>, into text: UnsafeMutableBufferPointer<UInt8>, key: [UInt8], _ place: [UInt8]
  ) -> Bool {
    guard let context = EVP_CIPHER_CTX_new(), let nonce = box.baseAddress else { return false }
    defer { EVP_CIPHER_CTX_free(context) }
    let input = nonce + nonceSize
    let tag = UnsafeMutableRawPointer(mutating: input + text.count)
    // Where nothing is written OpenSSL still wants a place.
    var nowhere: UInt8 = 0
    var count: Int32 = 0
    return EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
      && EVP_DecryptUpdate(context, nil, &count, place, Int32(place.count)) == 1
      && (text.isEmpty || EVP_DecryptUpdate(context, text.baseAddress, &count, input, Int32(text.count)) == 1)
      && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(tagSize), tag) == 1
      && EVP_DecryptFinal_ex(context, &nowhere, &count) == 1
  }
}

enum Base64 {
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    let size = (bytes.count + 2) / 3 * 4
    // OpenSSL ends it with a NUL.
    return [UInt8](unsafeUninitializedCapacity: size + 1) { text, count in
      count = Int(EVP_EncodeBlock(text.baseAddress, bytes, Int32(bytes.count)))
    }
  }

  /// nil for what is none.
  static func decode(_ text: Bytes) -> [UInt8]? {
    guard text.count % 4 == 0, !text.isEmpty else { return nil }
    let padding = text.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
    var bytes = [UInt8](repeating: 0, count: text.count / 4 * 3)
    let count = text.withUnsafeBufferPointer { EVP_DecodeBlock(&bytes, $0.baseAddress, Int32($0.count)) }
    guard count == bytes.count else { return nil }
    return Array(bytes.dropLast(padding))
  }
}
