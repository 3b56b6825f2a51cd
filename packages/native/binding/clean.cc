// The cleaner for JavaScript: converts and calls.

#include "clean/cleaner.h"

#include <napi.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <string>

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
                        InstanceMethod<&CleanerWrap::assign>("assign"),
                        InstanceMethod<&CleanerWrap::close>("close")});
  }

  // As setRules.
  explicit CleanerWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CleanerWrap>(info) {
    cleaner_.emplace(rules(info));
  }

 private:
  // Opening and closing of sessions as day, ns, day, ns.
  static CleanCalendar calendar(Napi::Env env, const Napi::Value& value) {
    if (!value.IsTypedArray() ||
        value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
      throw_code(env, Code::kInvalidArgument, "expected calendars of Float64Array");
    const auto numbers = value.As<Napi::Float64Array>();
    if (numbers.ElementLength() % 4 != 0)
      throw_code(env, Code::kInvalidArgument, "expected four numbers for each session");
    CleanCalendar calendar;
    for (std::size_t at = 0; at < numbers.ElementLength(); at += 4) {
      if (!is_time(numbers[at], numbers[at + 1]) || !is_time(numbers[at + 2], numbers[at + 3]))
        throw_code(env, Code::kInvalidArgument,
                   "session " + std::to_string(at / 4) + " of a calendar is no time");
      calendar.push_back({pack_time(numbers[at], numbers[at + 1]),
                          pack_time(numbers[at + 2], numbers[at + 3])});
    }
    return calendar;
  }

  // (plans: ArrayBuffer, planCount, planOf: Uint16Array, calendars: Float64Array[])
  static CleanRules rules(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    CleanRules rules;
    const auto count = static_cast<std::size_t>(whole_number(env, info[1], "planCount", 65'535));
    const void* plans = memory_of(env, info[0], count * sizeof(CleanPlan), "plans");
    rules.plans.resize(count);
    std::memcpy(rules.plans.data(), plans, count * sizeof(CleanPlan));
    if (!info[2].IsTypedArray() ||
        info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint16_array)
      throw_code(env, Code::kInvalidArgument, "expected planOf to be a Uint16Array");
    const auto plan_of = info[2].As<Napi::Uint16Array>();
    if (plan_of.ElementLength() > kSymbolLimit)
      throw_code(env, Code::kInvalidArgument,
                 "expected symbol ids below " + std::to_string(kSymbolLimit));
    rules.plan_of.assign(plan_of.Data(), plan_of.Data() + plan_of.ElementLength());
    if (!info[3].IsArray())
      throw_code(env, Code::kInvalidArgument, "expected calendars to be an array");
    const auto calendars = info[3].As<Napi::Array>();
    for (std::uint32_t at = 0; at < calendars.Length(); at += 1)
      rules.calendars.push_back(calendar(env, calendars.Get(at)));
    check(env, check_rules(rules));
    return rules;
  }

  Cleaner& open(Napi::Env env) {
    if (!cleaner_) throw_code(env, Code::kClosed, "the cleaner is closed");
    return *cleaner_;
  }

  // (buffer, capacity, count, rejectBuffer, rejectCapacity, source, nowDay, nowNsOfDay,
  // result: Uint32Array of 2)
  void clean(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Cleaner& cleaner = open(env);
    const BatchArgument batch = batch_argument(env, info[0], info[1]);
    const BatchArgument rejects = batch_argument(env, info[3], info[4]);
    if (batch.columns.day == rejects.columns.day)
      throw_code(env, Code::kInvalidArgument, "batch and rejects are the same");
    CleanInput input{batch.columns, count_argument(env, info[2], batch.capacity),
                     static_cast<std::uint32_t>(
                         whole_number(env, info[5], "source", kCleanSources - 1)),
                     std::nullopt};
    const double day = info[6].IsNumber() ? info[6].As<Napi::Number>().DoubleValue() : NAN;
    const double ns = info[7].IsNumber() ? info[7].As<Napi::Number>().DoubleValue() : NAN;
    if (is_time(day, ns)) input.now_ns = pack_time(day, ns);
    if (!info[8].IsTypedArray() || info[8].As<Napi::TypedArray>().ByteLength() < 8)
      throw_code(env, Code::kInvalidArgument, "expected room for the result");
    auto result = info[8].As<Napi::Uint32Array>();
    CleanOutput output{rejects.columns, rejects.capacity};
    if (!cleaner.clean(input, &output))
      throw_code(env, Code::kInvalidArgument,
                 "expected symbol ids below " + std::to_string(kSymbolLimit));
    result[0] = static_cast<std::uint32_t>(output.kept);
    result[1] = static_cast<std::uint32_t>(output.rejected);
  }

  // (source): refused by reason, then marked by reason.
  Napi::Value counts(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto source =
        static_cast<std::uint32_t>(whole_number(env, info[0], "source", kCleanSources - 1));
    const CleanCounts& counts = open(env).counts(source);
    auto result = Napi::Float64Array::New(env, 2 * kCleanReasonCount);
    for (std::size_t at = 0; at < kCleanReasonCount; at += 1) {
      result[at] = static_cast<double>(counts.refused[at]);
      result[kCleanReasonCount + at] = static_cast<double>(counts.marked[at]);
    }
    return result;
  }

  void set_rules(const Napi::CallbackInfo& info) { open(info.Env()).set_rules(rules(info)); }

  // (symbol, plan)
  void assign(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    check(env, open(env).assign(
                   static_cast<std::uint32_t>(whole_number(env, info[0], "symbol", UINT32_MAX)),
                   static_cast<std::uint16_t>(whole_number(env, info[1], "plan", UINT16_MAX))));
  }

  void close(const Napi::CallbackInfo&) { cleaner_.reset(); }

  std::optional<Cleaner> cleaner_;
};

}  // namespace

void init_clean(Napi::Env env, Napi::Object exports) {
  exports.Set("Cleaner", CleanerWrap::define(env));
}

}  // namespace ndts::binding
