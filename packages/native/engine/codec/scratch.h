// Memory that a caller of the codecs lends: keep it for the next call, and that call allocates
// nothing for itself. What is in it between calls is of no meaning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ndts::codec {

struct Scratch {
  std::vector<std::int64_t> integers;
  std::vector<double> doubles;
  // For encoding only.
  std::vector<std::int64_t> words;      // of another type: doubles as bits, uint32
  std::vector<std::int64_t> quotients;  // see take_scale()
  std::vector<std::uint32_t> places;    // of exceptions
  std::vector<std::byte> column;        // another codec's, to compare
};

}  // namespace ndts::codec
