// A column as it is in memory: 8 bytes a value. What nothing makes smaller.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/append.h"

namespace ndts::codec {

template <typename T>
void put_raw(std::span<const T> values, std::vector<std::byte>* out) {
  append_all(values, out);
}

template <typename T>
[[nodiscard]] bool read_raw(ByteReader* reader, std::span<T> out) {
  const Bytes bytes = reader->read_bytes(out.size_bytes());
  if (reader->ok() && !bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return reader->ok();
}

}  // namespace ndts::codec
