// Bells of rings for JavaScript, which can't sleep where it is woken: a thread rests at the bell in
// its place and calls back. The thread is there from the first rest() to close(), and blocks.

#include "ring/ring_bell.h"

#include <napi.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "arguments.h"
#include "base/thread.h"
#include "disk.h"
#include "errors.h"
#include "parts.h"

namespace ndts::binding {
namespace {

// What the thread and JavaScript share; the thread has a handle of its own.
class Sleeper {
 public:
  Sleeper(RingBell bell, Napi::ThreadSafeFunction function)
      : bell_(std::move(bell)), function_(std::move(function)) {}

  // From the JavaScript thread. The callback comes once it was rung since the ticket.
  void rest(std::uint32_t ticket) {
    const MutexLock lock(mutex_);
    ticket_ = ticket;
    resting_ = true;
    condition_.notify_one();
  }

  // It may be asleep: whoever calls this rings.
  void stop() {
    stopping_.store(true, std::memory_order_release);
    const MutexLock lock(mutex_);
    condition_.notify_one();
  }

  void run() {
    while (!stopping()) {
      std::uint32_t ticket = 0;
      {
        MutexLock lock(mutex_);
        if (!resting_ && !stopping()) condition_.wait(lock);
        if (!resting_) continue;
        resting_ = false;
        ticket = ticket_;
      }
      // Said again before each sleep: who rings clears it for all.
      while (!stopping() && bell_.prepare() == ticket) bell_.rest(ticket, RingBell::kRestNsMax);
      // Fails only while the environment is being taken down.
      if (!stopping()) static_cast<void>(function_.NonBlockingCall());
    }
    function_.Release();
  }

 private:
  [[nodiscard]] bool stopping() const { return stopping_.load(std::memory_order_acquire); }

  RingBell bell_;
  Napi::ThreadSafeFunction function_;
  Mutex mutex_;
  ConditionVariable condition_;
  std::uint32_t ticket_ = 0;
  bool resting_ = false;
  std::atomic<bool> stopping_{false};  // set by stop(), read by run()
};

class RingBellWrap : public Napi::ObjectWrap<RingBellWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = RingBellWrap;
    return DefineClass(env, "RingBell",
                       {InstanceMethod<&Wrap::ring>("ring"), InstanceMethod<&Wrap::rest>("rest"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (path, isOurs, onRung): makes the file where it is ours and there is none.
  explicit RingBellWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<RingBellWrap>(info), path_(text(info.Env(), info[0], "path")) {
    const Napi::Env env = info.Env();
    if (!info[2].IsFunction()) throw_code(env, Code::kInvalidArgument, "expected a function");
    if (info[1].ToBoolean()) {
      check(env, RingBell::create(disk(), path_, &bell_));
    } else {
      check(env, RingBell::open(disk(), path_, &bell_));
    }
    on_rung_ = Napi::Persistent(info[2].As<Napi::Function>());
    napi_add_env_cleanup_hook(env, &RingBellWrap::leave, this);
  }

  ~RingBellWrap() override {
    if (!left_) napi_remove_env_cleanup_hook(Env(), &RingBellWrap::leave, this);
    end();
  }

 private:
  void check_open(Napi::Env env) const {
    if (!bell_.is_open() || ended_) throw_code(env, Code::kClosed, "the bell is closed");
  }

  void ring(const Napi::CallbackInfo& info) {
    check_open(info.Env());
    bell_.ring();
  }

  void rest(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    check_open(env);
    if (sleeper_ == nullptr) start(env);
    sleeper_->rest(bell_.prepare());
  }

  void start(Napi::Env env) {
    RingBell own;
    check(env, RingBell::open(disk(), path_, &own));
    auto function = Napi::ThreadSafeFunction::New(env, on_rung_.Value(), "ndts.bell", 0, 1);
    sleeper_ = std::make_unique<Sleeper>(std::move(own), std::move(function));
    thread_ = std::make_unique<Thread>("ndts-bell", [this] { sleeper_->run(); });
  }

  void close(const Napi::CallbackInfo&) { end(); }

  static void leave(void* self) {
    auto* bell = static_cast<RingBellWrap*>(self);
    bell->left_ = true;
    bell->end();
  }

  void end() {
    if (ended_) return;
    ended_ = true;
    on_rung_.Reset();
    if (sleeper_ == nullptr) return;
    sleeper_->stop();
    bell_.ring();
    thread_->join();
  }

  std::string path_;
  RingBell bell_;
  Napi::FunctionReference on_rung_;
  std::unique_ptr<Sleeper> sleeper_;
  std::unique_ptr<Thread> thread_;
  bool ended_ = false;
  bool left_ = false;  // the environment is being taken down
};

}  // namespace

void init_ring_bell(Napi::Env env, Napi::Object exports) {
  exports.Set("RingBell", RingBellWrap::define(env));
}

}  // namespace ndts::binding
