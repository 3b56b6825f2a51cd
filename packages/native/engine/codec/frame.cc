#include "codec/frame.h"

#include <algorithm>

#include "codec/append.h"
#include "codec/frame_plan.h"
#include "codec/patches.h"
#include "codec/run_length.h"
#include "generated/layouts.h"

namespace ndts::codec {
namespace {

constexpr std::uint8_t kExtraBit = 0x80;
constexpr std::uint8_t kTransformCount = 5;

bool fits_i32(std::uint64_t value) {
  const auto number = static_cast<std::int64_t>(value);
  return number == static_cast<std::int32_t>(number);
}

FrameVector head_of(const FramePlan& plan, std::uint64_t* extra, bool* has_extra) {
  FrameVector head{};
  head.base = static_cast<std::int64_t>(plan.start.base);
  head.transform = static_cast<std::uint8_t>(plan.transform);
  head.width = static_cast<std::uint8_t>(plan.width);
  head.patches =
      static_cast<std::uint16_t>(plan.patches | plan.patch_bytes_log << kPatchBytesShift);
  *extra = plan.start.slope;
  *has_extra = plan.transform == FrameTransform::kDeltaOfDelta;
  if (plan.transform == FrameTransform::kReference) {
    head.base = static_cast<std::int64_t>(plan.step);
  } else if (*has_extra || fits_i32(plan.step)) {
    head.step = static_cast<std::int32_t>(plan.step);
  } else {
    *extra = plan.step;
    *has_extra = true;
  }
  if (*has_extra) head.transform |= kExtraBit;
  return head;
}

void put_plan(const Kernels& kernels, const FramePlan& plan, std::size_t count,
              std::vector<std::byte>* out) {
  std::uint64_t extra = 0;
  bool has_extra = false;
  append(head_of(plan, &extra, &has_extra), out);
  if (has_extra) append(extra, out);
  VectorWords rows;
  const std::uint64_t* residuals = plan.residuals;
  if (is_interleaved(count) && count % kLanes != 0) {
    std::copy_n(residuals, count, rows);
    std::fill_n(rows + count, rows_of(count) * kLanes - count, plan.step);
    residuals = rows;
  }
  pack_vector(kernels, residuals, count, plan.step, plan.width, out);
  if (plan.patches > 0)
    put_patches(kernels, {residuals, count}, plan.step, plan.width, plan.patch_bytes_log, out);
}

std::span<const std::uint64_t> words_of(std::span<const std::int64_t> values) {
  return {reinterpret_cast<const std::uint64_t*>(values.data()), values.size()};
}

}  // namespace

void put_frame_as(const Kernels& kernels, FrameTransform transform,
                  std::span<const std::int64_t> values, std::vector<std::byte>* out) {
  VectorWords words;
  put_plan(kernels, plan_with(kernels, transform, words_of(values), words), values.size(), out);
}

void put_frame(const Kernels& kernels, std::span<const std::int64_t> values,
               std::vector<std::byte>* out) {
  if (is_one_run(values)) {
    FrameVector head{};
    head.base = values[0];
    head.transform = static_cast<std::uint8_t>(FrameTransform::kReference);
    return append(head, out);
  }
  FrameRoom room;
  put_plan(kernels, plan_frame(kernels, words_of(values), &room), values.size(), out);
}

void put_frames(const Kernels& kernels, std::span<const std::int64_t> values,
                std::vector<std::byte>* out) {
  for (std::size_t at = 0; at < values.size(); at += kVectorValues)
    put_frame(kernels, values.subspan(at, std::min(kVectorValues, values.size() - at)), out);
}

bool FrameReader::read(const Kernels& kernels, ByteReader* reader, std::size_t count) {
  const auto head = reader->read<FrameVector>();
  const auto transform = static_cast<std::uint8_t>(head.transform & ~kExtraBit);
  const bool has_extra = (head.transform & kExtraBit) != 0;
  const std::uint64_t extra = has_extra ? reader->read<std::uint64_t>() : 0;
  const unsigned patches = head.patches & kPatchCountMask;
  const unsigned patch_bytes = head.patches >> kPatchBytesShift;
  if (!reader->ok() || transform < 1 || transform > kTransformCount) return false;
  if (head.width > 64 || patches > count || patch_bytes > 3) return false;

  count_ = count;
  run_ = {};
  run_.rows = rows_of(count);
  run_.width = head.width;
  run_.transform = static_cast<FrameTransform>(transform);
  run_.base = static_cast<std::uint64_t>(head.base);
  run_.step = static_cast<std::uint64_t>(std::int64_t{head.step});
  if (run_.transform == FrameTransform::kDeltaOfDelta) {
    if (!has_extra) return false;
    run_.slope = extra;
  } else if (has_extra) {
    if (run_.transform == FrameTransform::kReference || head.step != 0) return false;
    run_.step = extra;
  }
  if (run_.transform == FrameTransform::kReference && head.step != 0) return false;

  const Bytes packed = read_packed(reader, count, head.width);
  if (!reader->ok()) return false;
  run_.packed = packed.data();
  if (is_interleaved(count) && patches == 0) return true;
  unpack_vector(kernels, packed, count, head.width, words_);
  run_.unpacked = words_;
  return patches == 0 ||
         apply_patches(reader, patches, patch_bytes, head.width, count, words_);
}

void FrameReader::restore(const Kernels& kernels, const FrameScale& scale,
                          std::int64_t* out) const {
  if (count_ % kLanes == 0) return kernels.frame_i64(run_, scale, out);
  std::int64_t rows[kVectorValues];
  kernels.frame_i64(run_, scale, rows);
  std::copy_n(rows, count_, out);
}

void FrameReader::restore(const Kernels& kernels, const FrameScale& scale, double* out) const {
  if (count_ % kLanes == 0) return kernels.frame_f64(run_, scale, out);
  double rows[kVectorValues];
  kernels.frame_f64(run_, scale, rows);
  std::copy_n(rows, count_, out);
}

std::uint64_t FrameReader::sum(const Kernels& kernels) const {
  if (count_ % kLanes == 0) return kernels.frame_sum(run_);
  std::int64_t rows[kVectorValues];
  kernels.frame_i64(run_, {}, rows);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count_; ++i) sum += static_cast<std::uint64_t>(rows[i]);
  return sum;
}

namespace {

template <typename T>
bool read_vectors(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                  std::span<T> out) {
  FrameReader vector;
  for (std::size_t at = 0; at < out.size(); at += kVectorValues) {
    const std::size_t count = std::min(kVectorValues, out.size() - at);
    if (!vector.read(kernels, reader, count)) return false;
    vector.restore(kernels, scale, out.data() + at);
  }
  return true;
}

}  // namespace

bool read_frames(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                 std::span<std::int64_t> out) {
  return read_vectors(kernels, reader, scale, out);
}

bool read_frames(const Kernels& kernels, ByteReader* reader, const FrameScale& scale,
                 std::span<double> out) {
  return read_vectors(kernels, reader, scale, out);
}

}  // namespace ndts::codec
