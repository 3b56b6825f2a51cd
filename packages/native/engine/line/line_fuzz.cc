// Fuzz target: any bytes as line protocol, whole and in pieces. What is stored, and the line that
// is refused, are those of the reference. The first bytes say where pieces end and what a unit is.
#include <cstdint>
#include <cstdlib>

#include "line/line_reference_test_kit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts;
  if (size < 4) return 0;
  const std::string input(reinterpret_cast<const char*>(data) + 4, size - 4);
  const std::int64_t unit = data[0] % 2 == 0 ? 1 : 1'000'000;
  const std::vector<std::size_t> cuts = {data[1], data[1] + std::size_t{data[2]},
                                         data[1] + std::size_t{data[2]} + data[3]};
  const LineTestResult expected = LineReference(input, unit).run();
  if (!(LineTestRun(3, unit).run(input, {}) == expected)) std::abort();
  if (!(LineTestRun(100, unit).run(input, cuts) == expected)) std::abort();
  return 0;
}
