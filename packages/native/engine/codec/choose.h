// Which codec is the smallest for a column: the candidates that can be are tried on one vector
// from its middle.
#pragma once

#include <cstdint>
#include <span>

#include "codec/kernels.h"

namespace ndts::codec {

[[nodiscard]] ColumnCodec choose_i64(const Kernels& kernels, std::span<const std::int64_t> values);
[[nodiscard]] ColumnCodec choose_f64(const Kernels& kernels, std::span<const double> values);

}  // namespace ndts::codec
