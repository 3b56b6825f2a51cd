// Appending layouts and arrays to an encoded column.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace ndts::codec {

template <typename T>
void append(const T& value, std::vector<std::byte>* out) {
  const Bytes bytes = bytes_of(value);
  out->insert(out->end(), bytes.begin(), bytes.end());
}

template <typename T>
void append_all(std::span<const T> values, std::vector<std::byte>* out) {
  const Bytes bytes = std::as_bytes(values);
  out->insert(out->end(), bytes.begin(), bytes.end());
}

// Zeros up to the next multiple of 8 bytes from `from` on.
inline void append_padding(std::size_t from, std::vector<std::byte>* out) {
  out->resize(from + align_up(out->size() - from, 8));
}

}  // namespace ndts::codec
