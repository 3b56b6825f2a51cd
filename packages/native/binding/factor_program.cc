// Factor programs for JavaScript: converts and calls.

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "errors.h"
#include "factor/factor_program.h"
#include "parts.h"

namespace ndts::binding {
namespace {

constexpr double kWordMax = 4'294'967'295;

// The numbers of a description, one after the other.
class Numbers {
 public:
  Numbers(Napi::Env env, const Napi::Value& value) : env_(env) {
    if (!value.IsTypedArray() ||
        value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
      throw_code(env, Code::kInvalidArgument, "expected a Float64Array");
    numbers_ = value.As<Napi::Float64Array>();
  }
  [[nodiscard]] bool more() const { return at_ < numbers_.ElementLength(); }
  double number() {
    if (!more()) throw_code(env_, Code::kInvalidArgument, "the description is cut short");
    return numbers_[at_++];
  }
  std::uint32_t word() {
    return static_cast<std::uint32_t>(
        whole_number(env_, Napi::Number::New(env_, number()), "a word", kWordMax));
  }

 private:
  const Napi::Env env_;
  Napi::Float64Array numbers_;
  std::size_t at_ = 0;
};

class FactorProgramWrap : public Napi::ObjectWrap<FactorProgramWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "FactorProgram",
                       {InstanceMethod<&FactorProgramWrap::update>("update"),
                        InstanceMethod<&FactorProgramWrap::about>("about"),
                        InstanceMethod<&FactorProgramWrap::save>("save"),
                        InstanceMethod<&FactorProgramWrap::load>("load"),
                        InstanceMethod<&FactorProgramWrap::close>("close")});
  }

  // (nodes, wanted): of each node kind, parameters, count of inputs, and source, index, port,
  // number of each; node, port of each that is wanted.
  explicit FactorProgramWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<FactorProgramWrap>(info) {
    const Napi::Env env = info.Env();
    std::vector<FactorNode> nodes;
    for (Numbers from(env, info[0]); from.more();) {
      FactorNode& node = nodes.emplace_back();
      node.kind = static_cast<FactorKernel>(from.word());
      for (double& parameter : node.parameters) parameter = from.number();
      for (std::uint32_t left = from.word(); left > 0; left -= 1) {
        FactorInput& input = node.inputs.emplace_back();
        input.source = static_cast<FactorSource>(from.word());
        input.index = from.word();
        input.port = from.word();
        input.number = from.number();
      }
    }
    std::vector<FactorPort> wanted;
    for (Numbers from(env, info[1]); from.more();) {
      const std::uint32_t node = from.word();
      wanted.push_back({node, from.word()});
    }
    check(env, FactorProgram::make(nodes, wanted, &program_));
    out_.resize(wanted.size());
  }

 private:
  FactorProgram& open(Napi::Env env) {
    if (!program_) throw_code(env, Code::kClosed, "the factor program is closed");
    return *program_;
  }

  // (buffer, capacity, count, out: ArrayBuffer, outCapacity): outputs one after the other, each
  // outCapacity float64 long.
  void update(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    FactorProgram& program = open(env);
    const BatchArgument batch = batch_argument(env, info[0], info[1]);
    const std::size_t count = count_argument(env, info[2], batch.capacity);
    const auto capacity = static_cast<std::size_t>(
        whole_number(env, info[4], "the capacity of the outputs", kBatchCapacityMax));
    if (capacity < count)
      throw_code(env, Code::kInvalidArgument,
                 "expected outputs of at least " + std::to_string(count) + " rows, found " +
                     std::to_string(capacity));
    auto* memory = static_cast<double*>(memory_of(
        env, info[3], out_.size() * capacity * sizeof(double), "the outputs' buffer"));
    for (std::size_t at = 0; at < out_.size(); at += 1) out_[at] = memory + at * capacity;
    if (!program.run(batch.columns, count, out_.data())) no_symbol(env);
  }

  // signature as text, bytes of the state of a symbol, warm-up and reach of each output.
  Napi::Value about(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const FactorProgram& program = open(env);
    auto about = Napi::Object::New(env);
    about.Set("signature", std::to_string(program.signature()));
    about.Set("stateBytes", static_cast<double>(program.state_bytes()));
    auto warm_up = Napi::Array::New(env, program.wanted());
    auto reach = Napi::Array::New(env, program.wanted());
    for (std::uint32_t at = 0; at < program.wanted(); at += 1) {
      warm_up.Set(at, program.warm_up(at));
      auto steps = Napi::Array::New(env);
      for (const double step : program.reach(at)) steps.Set(steps.Length(), step);
      reach.Set(at, steps);
    }
    about.Set("warmUp", warm_up);
    about.Set("reach", reach);
    return about;
  }

  // (symbols: Uint32Array, states: ArrayBuffer): one state after the other.
  template <typename Each>
  void each_state(const Napi::CallbackInfo& info, Each each) {
    const Napi::Env env = info.Env();
    const FactorProgram& program = open(env);
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
      throw_code(env, Code::kInvalidArgument, "expected symbols to be a Uint32Array");
    const auto symbols = info[0].As<Napi::Uint32Array>();
    const std::size_t bytes = program.state_bytes();
    auto* memory = static_cast<std::byte*>(
        memory_of(env, info[1], symbols.ElementLength() * bytes, "the states"));
    for (std::size_t at = 0; at < symbols.ElementLength(); at += 1)
      if (!each(symbols[at], MutableBytes(memory + at * bytes, bytes))) no_symbol(env);
  }

  void save(const Napi::CallbackInfo& info) {
    each_state(info, [this](std::uint32_t symbol, MutableBytes state) {
      return program_->save(symbol, state);
    });
  }

  void load(const Napi::CallbackInfo& info) {
    each_state(info, [this](std::uint32_t symbol, MutableBytes state) {
      return program_->load(symbol, state);
    });
  }

  [[noreturn]] static void no_symbol(Napi::Env env) {
    throw_code(env, Code::kInvalidArgument,
               "expected symbol ids below " + std::to_string(kSymbolLimit));
  }

  void close(const Napi::CallbackInfo&) { program_.reset(); }

  std::unique_ptr<FactorProgram> program_;
  std::vector<double*> out_;
};

}  // namespace

void init_factor_program(Napi::Env env, Napi::Object exports) {
  exports.Set("FactorProgram", FactorProgramWrap::define(env));
}

}  // namespace ndts::binding
