// The tables with SIMD, compiled always on x86-64 and called only where the processor has the
// instructions; kernels.h says what the functions do. For kernels.cc only.
#pragma once

#include "codec/kernels.h"

namespace ndts::codec {

[[nodiscard]] const Kernels& compiled_avx2_kernels();
[[nodiscard]] const Kernels& compiled_avx512_kernels();

}  // namespace ndts::codec
