// What the codecs take and how fast they are: one JSON object per line and (data set, codec).
//
//   codec_bench [--values N] [--column N] [--rounds N] [--kernels scalar|avx2|avx512] [--seed N]
//               [--codec chosen|raw|frame|run-length|dictionary|decimal|alp-rd|gorilla]
//               [--data PART_OF_NAME]
//
// Columns of 4096 values, as a segment has them, one after the other into memory that stays in the
// cache: the speed of the codec, not of the memory. The best of the rounds is given. `hash` is of
// the decoded values.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/crc32c.h"
#include "codec/codec.h"
#include "codec/codec_data_test.h"

namespace ndts::codec {
namespace {

struct Options {
  std::size_t values = 262'144;
  std::size_t column = 4096;
  std::string_view codec;  // empty for all
  std::string_view data;   // in the name of the data set
  std::size_t rounds = 15;
  std::uint64_t seed = 1;
  const Kernels* kernels = &best_kernels();
};

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Values per second of the fastest round.
template <typename Work>
double fastest(const Options& options, Work work) {
  double best = 0;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const double begin = seconds();
    work();
    best = std::max(best, static_cast<double>(options.values) / (seconds() - begin));
  }
  return best;
}

bool encode_as(const ColumnCodec* codec, std::span<const double> values,
               std::vector<std::byte>* out, Scratch* scratch, const Kernels& kernels) {
  if (codec != nullptr) return encode_f64_as(*codec, values, out, kernels);
  encode_f64(values, out, scratch, kernels);
  return true;
}
bool encode_as(const ColumnCodec* codec, std::span<const std::int64_t> values,
               std::vector<std::byte>* out, Scratch* scratch, const Kernels& kernels) {
  if (codec != nullptr) return encode_i64_as(*codec, values, out, kernels);
  encode_i64(values, out, scratch, kernels);
  return true;
}
bool decode(Bytes bytes, std::span<double> out, const Kernels& kernels) {
  return decode_f64(bytes, out, kernels).ok();
}
bool decode(Bytes bytes, std::span<std::int64_t> out, const Kernels& kernels) {
  return decode_i64(bytes, out, kernels).ok();
}

void fail(const char* what) {
  std::fprintf(stderr, "codec_bench: %s\n", what);
  std::exit(1);
}

template <typename T>
class Run {
 public:
  Run(const Options& options, const Column<T>& column) : options_(options), column_(column) {
    ends_.resize(column.values.size() / options.column);
  }

  // nullptr: as chosen.
  void measure(const char* name, const ColumnCodec* codec) {
    if (!options_.codec.empty() && options_.codec != name) return;
    if (!encode(codec)) return;
    const double encoded = fastest(options_, [&] { (void)encode(codec); });
    std::vector<T> out(options_.column);
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      if (!decode(bytes_of_column(i), out, *options_.kernels)) fail("does not decode");
      const T* values = column_.values.data() + i * options_.column;
      if (std::memcmp(out.data(), values, sizeof(T) * options_.column) != 0)
        fail("decodes to something else");
      hash = crc32c(hash, std::as_bytes(std::span(out)));
    }
    const double decoded = fastest(options_, [&] {
      for (std::size_t i = 0; i < ends_.size(); ++i)
        if (!decode(bytes_of_column(i), out, *options_.kernels)) fail("does not decode");
    });
    std::printf("{\"bench\":\"codec\",\"data\":\"%s\",\"codec\":\"%s\",\"kernels\":\"%s\","
                "\"values\":%zu,\"bits_per_value\":%.3f,\"saved_percent\":%.1f,"
                "\"encode_values_per_s\":%.3g,\"decode_values_per_s\":%.3g",
                column_.name.c_str(), name, options_.kernels->name, column_.values.size(),
                bits_per_value(), 100 - bits_per_value() / 0.64, encoded, decoded);
    if constexpr (std::is_same_v<T, double>) measure_sum();
    std::printf(",\"hash\":\"%08x\"}\n", hash);
    std::fflush(stdout);
  }

 private:
  bool encode(const ColumnCodec* codec) {
    bytes_.clear();
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      const std::span<const T> values(column_.values.data() + i * options_.column,
                                      options_.column);
      if (!encode_as(codec, values, &bytes_, &scratch_, *options_.kernels)) return false;
      ends_[i] = bytes_.size();
    }
    return true;
  }
  void measure_sum() {
    const auto count = static_cast<std::uint32_t>(options_.column);
    double sum = 0;
    const double summed = fastest(options_, [&] {
      for (std::size_t i = 0; i < ends_.size(); ++i)
        if (!sum_f64(bytes_of_column(i), count, &scratch_, &sum, *options_.kernels).ok())
          fail("does not sum");
    });
    std::printf(",\"sum_values_per_s\":%.3g", summed);
  }
  [[nodiscard]] Bytes bytes_of_column(std::size_t i) const {
    const std::size_t from = i == 0 ? 0 : ends_[i - 1];
    return Bytes(bytes_).subspan(from, ends_[i] - from);
  }
  [[nodiscard]] double bits_per_value() const {
    return static_cast<double>(bytes_.size()) * 8 / static_cast<double>(column_.values.size());
  }

  const Options& options_;
  const Column<T>& column_;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> ends_;
  Scratch scratch_;
};

template <typename T>
void run_all(const Options& options, const Column<T>& column) {
  constexpr struct {
    const char* name;
    ColumnCodec codec;
  } kCodecs[] = {{"raw", ColumnCodec::kRaw},
                 {"frame", ColumnCodec::kFrame},
                 {"run-length", ColumnCodec::kRunLength},
                 {"dictionary", ColumnCodec::kDictionary},
                 {"decimal", ColumnCodec::kDecimal},
                 {"alp-rd", ColumnCodec::kAlpRd},
                 {"gorilla", ColumnCodec::kGorilla}};
  if (column.name.find(options.data) == std::string::npos) return;
  Run<T> run(options, column);
  run.measure("chosen", nullptr);
  for (const auto& [name, codec] : kCodecs) run.measure(name, &codec);
}

Options options_of(int count, char** arguments) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view key = arguments[i];
    const std::string_view value = arguments[i + 1];
    const std::uint64_t number = std::strtoull(arguments[i + 1], nullptr, 10);
    if (key == "--values") options.values = number;
    if (key == "--column") options.column = std::max<std::size_t>(1, number);
    if (key == "--codec") options.codec = value;
    if (key == "--data") options.data = value;
    if (key == "--rounds") options.rounds = std::max<std::size_t>(1, number);
    if (key == "--seed") options.seed = number;
    if (key == "--kernels" && value == "scalar") options.kernels = &scalar_kernels();
    if (key == "--kernels" && value == "avx2") options.kernels = avx2_kernels();
    if (key == "--kernels" && value == "avx512") options.kernels = avx512_kernels();
  }
  options.values = std::max<std::size_t>(1, options.values / options.column) * options.column;
  if (options.kernels == nullptr) fail("this processor does not have these kernels");
  return options;
}

void run(const Options& options) {
  Random random(options.seed);
  const std::size_t count = options.values;
  const Column<double> doubles[] = {
      {"price walk, 2 decimals, by symbol", price_walk(random, count)},
      {"price, arrival order", arrival_prices(random, count)},
      {"volume, lots of 100", lot_volumes(random, count)},
      {"small returns", small_returns(random, count)},
      {"random bits", random_bits(random, count)},
      {"constant price", std::vector<double>(count, 12.34)},
  };
  const Column<std::int64_t> integers[] = {
      {"time ms, Poisson", poisson_times(random, count, 15, 1000)},
      {"time ns, Poisson", poisson_times(random, count, 1.5e7, 1'000'000'000)},
      {"regular snapshots", regular_times(random, count)},
      {"sequence", fill<std::int64_t>(count, [](std::size_t i) { return std::int64_t(i); })},
      {"flags, all zero", std::vector<std::int64_t>(count)},
  };
  for (const Column<double>& column : doubles) run_all(options, column);
  for (const Column<std::int64_t>& column : integers) run_all(options, column);
}

}  // namespace
}  // namespace ndts::codec

int main(int count, char** arguments) {
  ndts::codec::run(ndts::codec::options_of(count, arguments));
  return 0;
}
