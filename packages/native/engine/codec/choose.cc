#include "codec/choose.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "codec/bit_pack.h"
#include "codec/codec.h"
#include "codec/dictionary.h"
#include "codec/run_length.h"

namespace ndts::codec {
namespace {

// A run or an entry takes at least that many values, else it is not tried.
constexpr std::size_t kValuesPerRun = 4;
constexpr std::size_t kValuesPerEntry = 4;
// With fewer bits a value there is no point in trying.
constexpr std::size_t kFrontBitsMin = 48;
constexpr std::size_t kGorillaMin = 16;

template <typename T>
std::span<const T> sample_of(std::span<const T> values) {
  if (values.size() <= kVectorValues) return values;
  const std::size_t vectors = values.size() / kVectorValues;
  return values.subspan(vectors / 2 * kVectorValues, kVectorValues);
}

template <typename T>
class Contest {
 public:
  Contest(const Kernels& kernels, std::span<const T> sample) : kernels_(kernels), sample_(sample) {}

  // Tries a codec; one that is slower to decode must be smaller by `margin` in 64.
  void enter(ColumnCodec codec, std::size_t margin) {
    bytes_.clear();
    if (!encode(codec)) return;
    if (bytes_.size() * 64 >= best_bytes_ * (64 - margin)) return;
    best_bytes_ = bytes_.size();
    best_ = codec;
  }
  [[nodiscard]] ColumnCodec best() const { return best_; }
  [[nodiscard]] std::size_t best_bytes() const { return best_bytes_; }

 private:
  bool encode(ColumnCodec codec) {
    if constexpr (std::is_same_v<T, double>)
      return encode_f64_as(codec, sample_, &bytes_, kernels_);
    else
      return encode_i64_as(codec, sample_, &bytes_, kernels_);
  }

  const Kernels& kernels_;
  std::span<const T> sample_;
  std::vector<std::byte> bytes_;
  ColumnCodec best_ = ColumnCodec::kRaw;
  std::size_t best_bytes_ = 8 + 8 * sample_.size();
};

template <typename T>
void enter_repeats(std::span<const std::int64_t> sample, Contest<T>* contest) {
  if (count_runs(sample) * kValuesPerRun <= sample.size())
    contest->enter(ColumnCodec::kRunLength, 1);
  const std::size_t limit = std::min(sample.size() / kValuesPerEntry, kDictionaryMax);
  const std::size_t distinct = count_distinct(sample, limit);
  if (distinct == 0 || distinct > limit) return;
  // Places in no particular order need that many bits; in order they would fit a frame as well.
  if (contest->best_bytes() * 8 > sample.size() * width_of(distinct - 1))
    contest->enter(ColumnCodec::kDictionary, 1);
}

}  // namespace

ColumnCodec choose_i64(const Kernels& kernels, std::span<const std::int64_t> values) {
  if (values.empty()) return ColumnCodec::kRaw;
  const std::span<const std::int64_t> sample = sample_of(values);
  Contest contest(kernels, sample);
  contest.enter(ColumnCodec::kFrame, 0);
  enter_repeats(sample, &contest);
  return contest.best();
}

ColumnCodec choose_f64(const Kernels& kernels, std::span<const double> values) {
  if (values.empty()) return ColumnCodec::kRaw;
  const std::span<const double> sample = sample_of(values);
  std::vector<std::int64_t> bits(sample.size());
  std::memcpy(bits.data(), sample.data(), sample.size_bytes());
  Contest contest(kernels, sample);
  contest.enter(ColumnCodec::kDecimal, 0);
  enter_repeats(std::span<const std::int64_t>(bits), &contest);
  if (contest.best_bytes() * 8 > sample.size() * kFrontBitsMin)
    contest.enter(ColumnCodec::kAlpRd, 0);
  // A tenth of the speed of the others.
  if (contest.best_bytes() * 8 > sample.size() * kGorillaMin)
    contest.enter(ColumnCodec::kGorilla, 16);
  return contest.best();
}

}  // namespace ndts::codec
