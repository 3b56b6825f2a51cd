// A replay as JavaScript holds it. src/replay.ts is its only caller.
//
// Batches are memory of ours that JavaScript sees as ArrayBuffers: whatever it does with them, the
// memory stays as long as either side has it. A handle ends by close(), by the garbage collector,
// or when its environment is taken down; each joins the feed's thread first. The database may be
// closed meanwhile.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "replay/replay_feed.h"
#include "replay/replay_request.h"

namespace ndts::binding {

struct ReplayOptions {
  ReplayRequest request;
  std::size_t capacity = 0;   // rows of a batch
  std::size_t batches = 0;
  std::int64_t interval = 0;  // above 0: steps
  // Ends reads that wait for another host, before the replay's threads are joined; may be none.
  std::function<void()> cancel;
};

// What a request (src/replay.ts) says beside symbols and view.
[[nodiscard]] ReplayOptions replay_options(Napi::Env env, const Napi::Object& given,
                                           const TableSchema& schema);

class ReplayWrap : public Napi::ObjectWrap<ReplayWrap> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  // (what Database.replay() or PulledBlocks.replay() returned); once.
  explicit ReplayWrap(const Napi::CallbackInfo& info);
  ~ReplayWrap() override { shut(); }

 private:
  static void leave(void* self);
  void start(ReplayOptions options);
  void shut();
  void settle();

  // An ArrayBuffer for each batch, in the order in which they are taken.
  Napi::Value buffers(const Napi::CallbackInfo& info);
  // By shard: the sequence with which what was not in the snapshot begins.
  Napi::Value ends(const Napi::CallbackInfo& info);
  // (Float64Array of 2): 1 the next batch, whose rows and steps are counted there, 2 not yet,
  // 3 the end.
  Napi::Value take(const Napi::CallbackInfo& info);
  // A promise: taking may say more then. After a take that said not yet.
  Napi::Value wait(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::vector<std::uint64_t> ends_;
  std::vector<std::shared_ptr<std::byte[]>> memory_;
  std::size_t memory_bytes_ = 0;
  std::shared_ptr<bool> alive_;  // false: a call that was queued before finds its owner gone
  Napi::ThreadSafeFunction wake_;
  std::function<void()> cancel_;
  std::unique_ptr<ReplayFeed> feed_;
  std::optional<Napi::Promise::Deferred> waiting_;
  bool hooked_ = false;
};

}  // namespace ndts::binding
