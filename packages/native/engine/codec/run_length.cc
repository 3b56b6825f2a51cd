#include "codec/run_length.h"

#include <algorithm>
#include <bit>

#include "codec/append.h"
#include "codec/frame.h"
#include "generated/layouts.h"

namespace ndts::codec {

std::size_t count_runs(std::span<const std::int64_t> values, std::size_t limit) {
  constexpr std::size_t kLook = 64;  // values, between looks at the limit
  std::size_t runs = values.empty() ? 0 : 1;
  for (std::size_t i = 1; i < values.size() && runs <= limit;) {
    const std::size_t end = std::min(i + kLook, values.size());
    for (; i < end; ++i) runs += values[i] != values[i - 1] ? 1 : 0;
  }
  return runs;
}

namespace {

// Where the run that begins at `at` ends.
std::size_t run_end(std::span<const std::int64_t> values, std::size_t at) {
  constexpr std::size_t kBlock = 8;
  const std::int64_t value = values[at];
  std::size_t end = at + 1;
  const auto is_in_run = [&] { return end < values.size() && values[end] == value; };
  for (; is_in_run() && end < at + kBlock; ++end) continue;
  if (end < at + kBlock) return end;
  for (; end + kBlock <= values.size(); end += kBlock) {
    std::int64_t difference = 0;
    for (std::size_t i = 0; i < kBlock; ++i) difference |= values[end + i] ^ value;
    if (difference != 0) break;
  }
  while (is_in_run()) ++end;
  return end;
}

}  // namespace

void put_run_length(const Kernels& kernels, std::span<const std::int64_t> values,
                    std::vector<std::byte>* out) {
  const std::size_t head_at = out->size();
  append(CodecCount{}, out);
  std::int64_t run_values[kVectorValues];
  std::int64_t lengths[kVectorValues];
  std::size_t runs = 0;
  CodecCount head{};
  const auto put = [&] {
    put_frame(kernels, {run_values, runs}, out);
    put_frame(kernels, {lengths, runs}, out);
    head.count += static_cast<std::uint32_t>(runs);
    runs = 0;
  };
  for (std::size_t at = 0; at < values.size();) {
    const std::size_t end = run_end(values, at);
    run_values[runs] = values[at];
    lengths[runs] = static_cast<std::int64_t>(end - at);
    if (++runs == kVectorValues) put();
    at = end;
  }
  if (runs > 0) put();
  store(out->data() + head_at, head);
}

template <typename T>
bool read_run_length(const Kernels& kernels, ByteReader* reader, std::span<T> out) {
  const auto head = reader->read<CodecCount>();
  if (!reader->ok() || head.reserved != 0 || head.count > out.size()) return false;
  std::size_t at = 0;
  FrameReader frame;
  std::int64_t values[kVectorValues];
  std::int64_t lengths[kVectorValues];
  for (std::size_t done = 0; done < head.count; done += kVectorValues) {
    const std::size_t runs = std::min<std::size_t>(kVectorValues, head.count - done);
    if (!frame.read(kernels, reader, runs)) return false;
    frame.restore(kernels, {}, values);
    if (!frame.read(kernels, reader, runs)) return false;
    frame.restore(kernels, {}, lengths);
    for (std::size_t i = 0; i < runs; ++i) {
      const auto length = static_cast<std::uint64_t>(lengths[i]);
      if (length == 0 || length > out.size() - at) return false;
      std::fill_n(out.data() + at, length, std::bit_cast<T>(values[i]));
      at += static_cast<std::size_t>(length);
    }
  }
  return at == out.size();
}

template bool read_run_length(const Kernels&, ByteReader*, std::span<std::int64_t>);
template bool read_run_length(const Kernels&, ByteReader*, std::span<double>);

}  // namespace ndts::codec
