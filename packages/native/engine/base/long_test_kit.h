// Whether the long forms of tests run: with NDTS_TEST_LONG=1. What is proven is the same, with more
// rounds or at full size.
#pragma once

#include <cstdlib>
#include <string_view>

namespace ndts {

inline bool long_tests() {
  const char* given = std::getenv("NDTS_TEST_LONG");  // ambient: a person asks for the long forms
  return given != nullptr && std::string_view(given) == "1";
}

}  // namespace ndts
