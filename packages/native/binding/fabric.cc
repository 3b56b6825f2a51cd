// One-sided pulls for JavaScript: converts and calls. Keys and bases are 64 bits and cross as text
// of hexadecimal digits. The threads that serve and pull are the engine's.

#include <napi.h>

#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "base/clock.h"
#include "base/random.h"
#include "blocks/block_arena.h"
#include "disk.h"
#include "errors.h"
#include "fabric/ring_puller.h"
#include "grants.h"
#include "parts.h"
#include "ring/ring_memory.h"

namespace ndts::binding {

MemoryParts pull_parts() {
  static SystemClock clock;
  static SystemRandom random;
  return {&disk(), &clock, &random};
}

namespace {

Napi::Number js_number(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::String hexadecimal(Napi::Env env, std::uint64_t value) {
  char digits[16];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, 16);
  return Napi::String::New(env, std::string(digits, end));
}

std::uint64_t from_hexadecimal(Napi::Env env, const Napi::Value& value, const char* name) {
  const std::string digits = text(env, value, name);
  std::uint64_t result = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, result, 16);
  if (error != std::errc() || rest != end)
    throw_code(env, Code::kInvalidArgument,
               std::string("expected ") + name + " to be up to 16 hexadecimal digits");
  return result;
}

Napi::Object to_object(Napi::Env env, const Grant& grant) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("provider", Napi::String::New(env, grant.provider));
  result.Set("address", Napi::String::New(env, grant.address));
  result.Set("key", hexadecimal(env, grant.key));
  result.Set("region", js_number(env, grant.region));
  result.Set("base", hexadecimal(env, grant.base));
  result.Set("length", js_number(env, grant.length));
  result.Set("expiresAtMs", Napi::Number::New(env, static_cast<double>(grant.expires_at_ms)));
  return result;
}

}  // namespace

Grant grant_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsObject()) throw_code(env, Code::kInvalidArgument, "expected a grant");
  const auto object = value.As<Napi::Object>();
  return {.provider = text(env, object.Get("provider"), "provider"),
          .address = path(env, object.Get("address"), "address"),
          .key = from_hexadecimal(env, object.Get("key"), "key"),
          .region = static_cast<std::uint32_t>(
              whole_number(env, object.Get("region"), "region", UINT32_MAX)),
          .base = from_hexadecimal(env, object.Get("base"), "base"),
          .length = whole_number(env, object.Get("length"), "length"),
          .expires_at_ms = static_cast<std::int64_t>(
              whole_number(env, object.Get("expiresAtMs"), "expiresAtMs"))};
}

namespace {

std::int64_t milliseconds(Napi::Env env, const Napi::Value& value, const char* name) {
  return static_cast<std::int64_t>(whole_number(env, value, name, 1e12));
}

class PullServerWrap : public Napi::ObjectWrap<PullServerWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = PullServerWrap;
    return DefineClass(env, "PullServer",
                       {InstanceMethod<&Wrap::expose_ring>("exposeRing"),
                        InstanceMethod<&Wrap::expose_arena>("exposeArena"),
                        InstanceMethod<&Wrap::renew>("renew"),
                        InstanceMethod<&Wrap::revoke>("revoke"),
                        InstanceMethod<&Wrap::stats>("stats"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (provider, address, port)
  explicit PullServerWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<PullServerWrap>(info) {
    const Napi::Env env = info.Env();
    const std::string address = path(env, info[1], "address");
    const auto port = static_cast<std::uint16_t>(whole_number(env, info[2], "port", UINT16_MAX));
    std::unique_ptr<MemoryServer> made;
    check(env, make_memory_server(text(env, info[0], "provider"), pull_parts(), &made));
    check(env, made->start(address, port));
    server_ = std::move(made);
  }

 private:
  MemoryServer& open(Napi::Env env) {
    if (!server_) throw_code(env, Code::kClosed, "the pull server is closed");
    return *server_;
  }

  // (path, leaseMs)
  Napi::Value expose_ring(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    MemoryServer& server = open(env);
    const std::string ring = path(env, info[0], "path");
    const std::int64_t lease_ms = milliseconds(env, info[1], "leaseMs");
    RingShape shape{};
    std::unique_ptr<Mapping> mapping;
    check(env, open_ring(disk(), ring, &shape, &mapping));
    const std::shared_ptr<const Mapping> owner = std::move(mapping);
    Grant grant{};
    check(env, server.expose({.bytes = owner->bytes(),
                              .changes = true,
                              .lease_ms = lease_ms,
                              .path = ring,
                              .owner = owner},
                             &grant));
    return to_object(env, grant);
  }

  // (handle of a BlockArena, leaseMs)
  Napi::Value expose_arena(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    MemoryServer& server = open(env);
    if (!info[0].IsExternal()) throw_code(env, Code::kInvalidArgument, "expected an arena");
    const BlockArena& arena =
        **info[0].As<Napi::External<std::shared_ptr<BlockArena>>>().Data();
    Grant grant{};
    check(env, server.expose(arena.exposure(milliseconds(env, info[1], "leaseMs")), &grant));
    return to_object(env, grant);
  }

  // (key, leaseMs)
  void renew(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    MemoryServer& server = open(env);
    check(env, server.renew(from_hexadecimal(env, info[0], "key"),
                            milliseconds(env, info[1], "leaseMs")));
  }

  void revoke(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    check(env, open(env).revoke(from_hexadecimal(env, info[0], "key")));
  }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const MemoryServerCounters counters = open(env).counters();
    Napi::Object result = Napi::Object::New(env);
    result.Set("connections", js_number(env, counters.connections));
    result.Set("reads", js_number(env, counters.reads));
    result.Set("bytes", js_number(env, counters.bytes));
    result.Set("refused", js_number(env, counters.refused));
    return result;
  }

  void close(const Napi::CallbackInfo&) { server_.reset(); }

  std::unique_ptr<MemoryServer> server_;
};

// Waits on a thread of the pool until every ring has its mirror.
class MirrorsCall final : public Napi::AsyncWorker {
 public:
  MirrorsCall(Napi::Env env, std::shared_ptr<RingPullerThread> thread, std::int64_t timeout_ns)
      : Napi::AsyncWorker(env, "ndts pull"),
        thread_(std::move(thread)),
        timeout_ns_(timeout_ns),
        deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

 private:
  void Execute() override { outcome_ = thread_->await_mirrors(timeout_ns_); }
  void OnOK() override {
    if (outcome_.ok()) return deferred_.Resolve(Env().Undefined());
    Napi::Error error = Napi::Error::New(Env(), message_of(outcome_));
    error.Set("code", Napi::String::New(Env(), code_name(outcome_.code())));
    deferred_.Reject(error.Value());
  }

  std::shared_ptr<RingPullerThread> thread_;
  const std::int64_t timeout_ns_;
  const Napi::Promise::Deferred deferred_;
  Status outcome_;
};

class RingPullerWrap : public Napi::ObjectWrap<RingPullerWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = RingPullerWrap;
    return DefineClass(env, "RingPuller",
                       {InstanceMethod<&Wrap::mirrors>("mirrors"),
                        InstanceMethod<&Wrap::stats>("stats"),
                        InstanceMethod<&Wrap::replace>("replace"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (grants, dir, 'oldest' | 'tail', sleepUsMax)
  explicit RingPullerWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<RingPullerWrap>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsArray()) throw_code(env, Code::kInvalidArgument, "expected grants");
    const auto given = info[0].As<Napi::Array>();
    std::vector<Grant> grants;
    for (std::uint32_t i = 0; i < given.Length(); ++i)
      grants.push_back(grant_argument(env, given[i]));
    RingPullerOptions options;
    options.dir = path(env, info[1], "dir");
    options.from_tail = text(env, info[2], "from") == "tail";
    RingPullerThread::Idle idle;
    idle.sleep_ns_max =
        static_cast<std::int64_t>(whole_number(env, info[3], "sleepUsMax", 1e6)) * 1000;
    std::unique_ptr<RingPuller> puller;
    check(env, RingPuller::open(pull_parts(), grants, options, &puller));
    thread_ = std::make_shared<RingPullerThread>(std::move(puller), pull_parts().clock, idle);
  }

 private:
  RingPullerThread& open(Napi::Env env) {
    if (!thread_) throw_code(env, Code::kClosed, "the ring puller is closed");
    return *thread_;
  }

  // (timeoutMs)
  Napi::Value mirrors(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    static_cast<void>(open(env));
    auto* call =
        new MirrorsCall(env, thread_, milliseconds(env, info[0], "timeoutMs") * 1'000'000);
    const Napi::Promise promise = call->promise();
    call->Queue();
    return promise;
  }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const RingPullerState state = open(env).puller().state();
    const RingPullerThread::Turns turns = open(env).turns();
    Napi::Array rings = Napi::Array::New(env, state.rings.size());
    for (std::uint32_t i = 0; i < state.rings.size(); ++i) {
      const PulledRingState& ring = state.rings[i];
      Napi::Object one = Napi::Object::New(env);
      one.Set("path", Napi::String::New(env, ring.path));
      one.Set("end", Napi::String::New(env, code_name(ring.end.code())));
      one.Set("shard", js_number(env, ring.shape.owner));
      one.Set("epoch", js_number(env, ring.shape.epoch));
      one.Set("slots", js_number(env, ring.counters.slots));
      one.Set("voids", js_number(env, ring.counters.voids));
      one.Set("headerReads", js_number(env, ring.counters.header_reads));
      one.Set("headerRetries", js_number(env, ring.counters.header_retries));
      rings[i] = one;
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("rings", rings);
    result.Set("connected", Napi::Boolean::New(env, state.connection.ok()));
    result.Set("connection", Napi::String::New(env, state.connection.message()));
    result.Set("connects", js_number(env, state.connects));
    result.Set("worked", js_number(env, turns.worked));
    result.Set("spun", js_number(env, turns.spun));
    result.Set("yielded", js_number(env, turns.yielded));
    result.Set("slept", js_number(env, turns.slept));
    return result;
  }

  // (index, grant)
  void replace(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    RingPullerThread& thread = open(env);
    check(env, thread.puller().replace(whole_number(env, info[0], "index"),
                                       grant_argument(env, info[1])));
  }

  // A wait for mirrors that runs ends by itself.
  void close(const Napi::CallbackInfo&) {
    if (thread_) thread_->stop();
    thread_.reset();
  }

  std::shared_ptr<RingPullerThread> thread_;
};

}  // namespace

void init_fabric(Napi::Env env, Napi::Object exports) {
  exports.Set("PullServer", PullServerWrap::define(env));
  exports.Set("RingPuller", RingPullerWrap::define(env));
}

}  // namespace ndts::binding
