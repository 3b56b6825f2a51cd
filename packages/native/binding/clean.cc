// The cleaner for JavaScript: converts and calls.

#include "clean/cleaner.h"

#include <napi.h>

#include <optional>

#include "arguments.h"
#include "errors.h"
#include "parts.h"

namespace ndts::binding {
namespace {

class CleanerWrap : public Napi::ObjectWrap<CleanerWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Cleaner",
                       {InstanceMethod<&CleanerWrap::clean>("clean"),
                        InstanceMethod<&CleanerWrap::counts>("counts"),
                        InstanceMethod<&CleanerWrap::set_rules>("setRules"),
                        InstanceMethod<&CleanerWrap::close>("close")});
  }

  // (priceMax, spreadMax, disorderNs)
  explicit CleanerWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CleanerWrap>(info) {
    cleaner_.emplace(rules(info));
  }

 private:
  static CleanRules rules(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const CleanRules rules{
        .price_max = finite_number(env, info[0], "priceMax"),
        .spread_max = finite_number(env, info[1], "spreadMax"),
        .disorder_ns = static_cast<std::int64_t>(whole_number(env, info[2], "disorderNs"))};
    if (!(rules.price_max > 0) || !(rules.spread_max > 0))
      throw_code(env, Code::kInvalidArgument, "expected priceMax and spreadMax above 0");
    return rules;
  }

  Cleaner& open(Napi::Env env) {
    if (!cleaner_) throw_code(env, Code::kClosed, "the cleaner is closed");
    return *cleaner_;
  }

  // (buffer, capacity, count, rejectBuffer, rejectCapacity, result: Uint32Array of 2)
  void clean(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Cleaner& cleaner = open(env);
    const BatchArgument batch = batch_argument(env, info[0], info[1]);
    std::size_t count = count_argument(env, info[2], batch.capacity);
    const BatchArgument rejects = batch_argument(env, info[3], info[4]);
    if (batch.columns.day == rejects.columns.day)
      throw_code(env, Code::kInvalidArgument, "batch and rejects are the same");
    if (!info[5].IsTypedArray() || info[5].As<Napi::TypedArray>().ByteLength() < 8)
      throw_code(env, Code::kInvalidArgument, "expected room for the result");
    auto result = info[5].As<Napi::Uint32Array>();
    std::size_t rejected = 0;
    if (!cleaner.clean(batch.columns, &count, rejects.columns, rejects.capacity, &rejected))
      throw_code(env, Code::kInvalidArgument,
                 "expected symbol ids below " + std::to_string(kSymbolLimit));
    result[0] = static_cast<std::uint32_t>(count);
    result[1] = static_cast<std::uint32_t>(rejected);
  }

  Napi::Value counts(const Napi::CallbackInfo& info) {
    const Cleaner& cleaner = open(info.Env());
    auto result = Napi::Float64Array::New(info.Env(), kCleanReasonCount);
    for (std::size_t i = 0; i < kCleanReasonCount; ++i)
      result[i] = static_cast<double>(cleaner.counts()[i]);
    return result;
  }

  void set_rules(const Napi::CallbackInfo& info) { open(info.Env()).set_rules(rules(info)); }

  void close(const Napi::CallbackInfo&) { cleaner_.reset(); }

  std::optional<Cleaner> cleaner_;
};

}  // namespace

void init_clean(Napi::Env env, Napi::Object exports) {
  exports.Set("Cleaner", CleanerWrap::define(env));
}

}  // namespace ndts::binding
