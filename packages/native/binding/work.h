// A call that runs on a thread of the pool and answers with a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <utility>

#include "errors.h"

namespace ndts::binding {

class Work final : public Napi::AsyncWorker {
 public:
  // Runs elsewhere: sees nothing of JavaScript.
  using Run = std::function<Status()>;
  // What the promise gives, after a success.
  using Answer = std::function<Napi::Value(Napi::Env)>;

  [[nodiscard]] static Napi::Promise begin(Napi::Env env, Run run, Answer answer) {
    auto* work = new Work(env, std::move(run), std::move(answer));
    const Napi::Promise promise = work->deferred_.Promise();
    work->Queue();
    return promise;
  }

 private:
  Work(Napi::Env env, Run run, Answer answer)
      : Napi::AsyncWorker(env, "ndts work"),
        run_(std::move(run)),
        answer_(std::move(answer)),
        deferred_(Napi::Promise::Deferred::New(env)) {}
  void Execute() override { outcome_ = run_(); }
  void OnOK() override {
    if (outcome_.ok()) return deferred_.Resolve(answer_(Env()));
    Napi::Error error = Napi::Error::New(Env(), message_of(outcome_));
    error.Set("code", Napi::String::New(Env(), code_name(outcome_.code())));
    deferred_.Reject(error.Value());
  }

  const Run run_;
  const Answer answer_;
  const Napi::Promise::Deferred deferred_;
  Status outcome_;
};

}  // namespace ndts::binding
