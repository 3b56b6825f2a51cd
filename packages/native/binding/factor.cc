// The factor kernels for JavaScript: converts and calls.

#include <napi.h>

#include <limits>
#include <optional>

#include "arguments.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "errors.h"
#include "factor/bollinger.h"
#include "parts.h"

namespace ndts::binding {
namespace {

// The columns createBollingerColumns lays out: value, middle, upper, lower, signal, each on its own
// 64-byte lines.
struct ColumnLayout {
  std::size_t wide;
  std::size_t bytes;
};

ColumnLayout column_layout(std::size_t capacity) {
  const std::size_t wide = batch_column_bytes(capacity, sizeof(double));
  return {wide, 4 * wide + batch_column_bytes(capacity, sizeof(std::int32_t))};
}

class BollingerWrap : public Napi::ObjectWrap<BollingerWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Bollinger",
                       {InstanceMethod<&BollingerWrap::update>("update"),
                        InstanceMethod<&BollingerWrap::close>("close")});
  }

  // (period, width)
  explicit BollingerWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<BollingerWrap>(info) {
    const Napi::Env env = info.Env();
    const auto period = whole_number(env, info[0], "period", kBollingerPeriodMax);
    const double width = finite_number(env, info[1], "width");
    if (period < kBollingerPeriodMin || !(width > 0))
      throw_code(env, Code::kInvalidArgument,
                 "expected a period of at least 2 and a width above 0");
    bollinger_.emplace(static_cast<std::uint32_t>(period), width);
  }

 private:
  // (buffer, capacity, count, columnsBuffer, columnsCapacity)
  void update(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!bollinger_) throw_code(env, Code::kClosed, "the Bollinger kernel is closed");
    const BatchArgument batch = batch_argument(env, info[0], info[1]);
    const std::size_t count = count_argument(env, info[2], batch.capacity);
    const auto capacity = static_cast<std::size_t>(
        whole_number(env, info[4], "the capacity of the columns", kBatchCapacityMax));
    if (capacity < count)
      throw_code(env, Code::kInvalidArgument,
                 "expected columns of at least " + std::to_string(count) + " rows, found " +
                     std::to_string(capacity));
    const ColumnLayout layout = column_layout(capacity);
    auto* memory =
        static_cast<std::byte*>(memory_of(env, info[3], layout.bytes, "the columns' buffer"));
    const BollingerColumns out{
        .value = reinterpret_cast<double*>(memory),
        .middle = reinterpret_cast<double*>(memory + layout.wide),
        .upper = reinterpret_cast<double*>(memory + 2 * layout.wide),
        .lower = reinterpret_cast<double*>(memory + 3 * layout.wide),
        .signal = reinterpret_cast<std::int32_t*>(memory + 4 * layout.wide)};
    if (!bollinger_->update(batch.columns.symbol, batch.columns.price, count, out))
      throw_code(env, Code::kInvalidArgument,
                 "expected symbol ids below " + std::to_string(kSymbolLimit));
  }

  void close(const Napi::CallbackInfo&) { bollinger_.reset(); }

  std::optional<Bollinger> bollinger_;
};

// (before, bytes): a CRC-32C that goes on from an earlier one.
Napi::Value column_checksum(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto before =
      whole_number(env, info[0], "a checksum", std::numeric_limits<std::uint32_t>::max());
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() !=
                                     napi_uint8_array)
    throw_code(env, Code::kInvalidArgument, "expected bytes as a Uint8Array");
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const auto* data = reinterpret_cast<const std::byte*>(bytes.Data());
  const std::uint32_t sum =
      crc32c(static_cast<std::uint32_t>(before), Bytes{data, bytes.ByteLength()});
  return Napi::Number::New(env, sum);
}

}  // namespace

void init_factor(Napi::Env env, Napi::Object exports) {
  exports.Set("Bollinger", BollingerWrap::define(env));
  exports.Set("columnChecksum", Napi::Function::New(env, column_checksum));
}

}  // namespace ndts::binding
