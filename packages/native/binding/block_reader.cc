// Replays of segments that are on another host, for JavaScript: converts and calls. Reads run on
// threads of the pool. src/blocks.ts is its only caller.

#include <memory>
#include <vector>

#include "blocks/block_puller.h"
#include "blocks/pulled_blocks.h"
#include "db_wrap.h"
#include "grants.h"
#include "parts.h"
#include "replay.h"
#include "work.h"

namespace ndts::binding {
namespace {

class BlockCacheWrap : public Napi::ObjectWrap<BlockCacheWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "BlockCache",
                       {InstanceMethod<&BlockCacheWrap::handle>("handle"),
                        InstanceMethod<&BlockCacheWrap::stats>("stats")});
  }

  // (bytes)
  explicit BlockCacheWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<BlockCacheWrap>(info),
        cache_(std::make_shared<BlockCache>(whole_number(info.Env(), info[0], "bytes"))) {}

 private:
  Napi::Value handle(const Napi::CallbackInfo& info) {
    return Napi::External<std::shared_ptr<BlockCache>>::New(
        info.Env(), new std::shared_ptr<BlockCache>(cache_),
        [](Napi::Env, std::shared_ptr<BlockCache>* gone) { delete gone; });
  }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const BlockCacheCounters counters = cache_->counters();
    Napi::Object result = Napi::Object::New(env);
    result.Set("hits", number(env, counters.hits));
    result.Set("misses", number(env, counters.misses));
    result.Set("evicted", number(env, counters.evicted));
    result.Set("bytes", number(env, counters.bytes));
    result.Set("blocks", number(env, counters.blocks));
    return result;
  }

  const std::shared_ptr<BlockCache> cache_;
};

class BlockPullerWrap : public Napi::ObjectWrap<BlockPullerWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "BlockPuller",
                       {InstanceMethod<&BlockPullerWrap::handle>("handle"),
                        InstanceMethod<&BlockPullerWrap::close>("close")});
  }

  // (grant)
  explicit BlockPullerWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<BlockPullerWrap>(info) {
    const Napi::Env env = info.Env();
    std::unique_ptr<BlockPuller> made;
    check(env, BlockPuller::open(pull_parts(), grant_argument(env, info[0]), &made));
    puller_ = std::move(made);
  }

 private:
  Napi::Value handle(const Napi::CallbackInfo& info) {
    if (!puller_) throw_code(info.Env(), Code::kClosed, "the puller is closed");
    return Napi::External<std::shared_ptr<BlockPuller>>::New(
        info.Env(), new std::shared_ptr<BlockPuller>(puller_),
        [](Napi::Env, std::shared_ptr<BlockPuller>* gone) { delete gone; });
  }

  // A pull that runs ends by its deadline, and the connection with it.
  void close(const Napi::CallbackInfo&) { puller_.reset(); }

  std::shared_ptr<BlockPuller> puller_;
};

// Of a cache's handle; where a file stands in the numbers that say what it is (src/blocks.ts).
constexpr std::size_t kFileNumbers = 8;

std::vector<PulledFile> files_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      value.As<Napi::TypedArray>().ElementLength() % kFileNumbers != 0)
    refuse(env, "expected files");
  const auto numbers = value.As<Napi::Float64Array>();
  std::vector<PulledFile> files(numbers.ElementLength() / kFileNumbers);
  for (std::size_t at = 0; at < files.size(); at += 1) {
    const double* one = numbers.Data() + kFileNumbers * at;
    for (std::size_t index = 0; index < kFileNumbers; index += 1)
      if (!(std::abs(one[index]) < 9.1e15)) refuse(env, "expected files");
    files[at].identity = {static_cast<std::uint64_t>(one[0]), static_cast<std::uint64_t>(one[1]),
                          static_cast<std::int64_t>(one[2]),
                          static_cast<std::uint32_t>(one[3]), static_cast<std::uint32_t>(one[4]),
                          static_cast<std::uint32_t>(one[5])};
    files[at].cached = one[7] == 0;
  }
  return files;
}

Bytes blob_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse(env, "expected a Uint8Array");
  const auto array = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const std::byte*>(array.Data()), array.ElementLength()};
}

class PulledBlocksWrap : public Napi::ObjectWrap<PulledBlocksWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = PulledBlocksWrap;
    return DefineClass(env, "PulledBlocks",
                       {InstanceMethod<&Wrap::cached_ends>("cachedEnds"),
                        InstanceMethod<&Wrap::open_file>("openFile"),
                        InstanceMethod<&Wrap::replay>("replay"),
                        InstanceMethod<&Wrap::take>("take"),
                        InstanceMethod<&Wrap::bytes_of>("bytesOf"),
                        InstanceMethod<&Wrap::pull>("pull"),
                        InstanceMethod<&Wrap::deliver>("deliver"),
                        InstanceMethod<&Wrap::put_back>("putBack"),
                        InstanceMethod<&Wrap::fail>("fail"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (schema with id, files, handle of a cache, windowBytes, wake)
  explicit PulledBlocksWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<PulledBlocksWrap>(info) {
    const Napi::Env env = info.Env();
    schema_ = std::make_shared<TableSchema>(schema_argument(env, info[0]));
    schema_->id = word(env, info[0].As<Napi::Object>().Get("id"), "id");
    files_ = files_argument(env, info[1]);
    if (!info[2].IsExternal()) refuse(env, "expected a cache");
    cache_ = *info[2].As<Napi::External<std::shared_ptr<BlockCache>>>().Data();
    if (!info[4].IsFunction()) refuse(env, "expected a function to wake");
    wake_ = Napi::ThreadSafeFunction::New(env, info[4].As<Napi::Function>(), "ndts.blocks", 0, 1);
    wake_.Unref(env);
    // The source may outlive this; close() takes the function from it.
    blocks_ = std::make_shared<PulledBlocks>(
        files_, cache_, whole_number(env, info[3], "windowBytes"),
        [wake = wake_] { static_cast<void>(wake.NonBlockingCall()); });
    napi_add_env_cleanup_hook(env, &PulledBlocksWrap::leave, this);
    hooked_ = true;
  }
  ~PulledBlocksWrap() override { shut(); }

 private:
  static void leave(void* self) {
    auto* wrap = static_cast<PulledBlocksWrap*>(self);
    wrap->hooked_ = false;
    wrap->shut();
  }
  void shut() {
    if (hooked_) napi_remove_env_cleanup_hook(Env(), &PulledBlocksWrap::leave, this);
    hooked_ = false;
    if (!blocks_) return;
    blocks_->close();
    blocks_.reset();
    wake_.Release();
  }
  PulledBlocks& open(Napi::Env env) {
    if (!blocks_) throw_code(env, Code::kClosed, "the blocks are closed");
    return *blocks_;
  }
  std::uint32_t file_argument(Napi::Env env, const Napi::Value& value) {
    const std::uint32_t file = word(env, value, "file");
    if (file >= files_.size()) refuse(env, "expected a file that there is");
    return file;
  }
  std::vector<SourceBlock> blocks_argument(Napi::Env env, const Napi::Value& value) {
    const PulledBlocks& blocks = open(env);
    if (!value.IsTypedArray() ||
        value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
        value.As<Napi::TypedArray>().ElementLength() % 2 != 0)
      refuse(env, "expected blocks to be a Uint32Array of pairs");
    const auto pairs = value.As<Napi::Uint32Array>();
    std::vector<SourceBlock> result;
    for (std::size_t at = 0; at < pairs.ElementLength(); at += 2)
      result.push_back({pairs[at], pairs[at + 1]});
    for (const SourceBlock& block : result)
      if (!blocks.has(block)) refuse(env, "expected blocks that there are");
    return result;
  }

  // (file): whether header and footer were in the cache, and the file is open.
  Napi::Value cached_ends(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    PulledBlocks& blocks = open(env);
    const std::uint32_t file = file_argument(env, info[0]);
    if (!files_[file].cached) return Napi::Boolean::New(env, false);
    SharedBytes ends = cache_->get(files_[file].identity, kSegmentEnds);
    if (ends == nullptr) return Napi::Boolean::New(env, false);
    check(env, blocks.open_file(file, std::move(ends), *schema_));
    return Napi::Boolean::New(env, true);
  }

  // (file, Uint8Array)
  void open_file(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    PulledBlocks& blocks = open(env);
    const Bytes bytes = blob_argument(env, info[1]);
    check(env, blocks.open_file(file_argument(env, info[0]),
                                std::make_shared<const std::vector<std::byte>>(bytes.begin(),
                                                                               bytes.end()),
                                *schema_));
  }

  // (request, ids of symbols in the order of their names, their shards, shardCount): what `new
  // Replay` takes. All files are open.
  Napi::Value replay(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    PulledBlocks& blocks = open(env);
    if (!info[0].IsObject()) refuse(env, "expected a request");
    ReplayOptions options = replay_options(env, info[0].As<Napi::Object>(), *schema_);
    const auto shard_count = word(env, info[3], "shardCount");
    const auto ids = info[1].As<Napi::Uint32Array>();
    const auto shards = info[2].As<Napi::Uint32Array>();
    if (ids.ElementLength() != shards.ElementLength()) refuse(env, "expected a shard for each");
    for (std::size_t at = 0; at < ids.ElementLength(); at += 1) {
      if (shards[at] >= shard_count || ids[at] >= kMaxSymbols) refuse(env, "expected a symbol");
      options.request.symbols.push_back({ids[at], shards[at]});
    }
    std::vector<SegmentList> lists(shard_count);
    for (const std::shared_ptr<const SegmentReader>& segment : blocks.take_segments()) {
      if (segment == nullptr || segment->record().shard >= shard_count)
        refuse(env, "expected every file to be open, and of a shard that there is");
      lists[segment->record().shard].push_back(segment);
    }
    options.request.view.schema = schema_;
    for (SegmentList& list : lists)
      options.request.view.segments.push_back(
          std::make_shared<const SegmentList>(std::move(list)));
    options.cancel = [kept = blocks_] { kept->close(); };
    return Napi::External<ReplayOptions>::New(
        env, new ReplayOptions(std::move(options)),
        [](Napi::Env, ReplayOptions* gone) { delete gone; });
  }

  // (bytesMax): pairs of file and block
  Napi::Value take(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<SourceBlock> taken =
        open(env).take_wanted(whole_number(env, info[0], "bytesMax"));
    auto result = Napi::Uint32Array::New(env, 2 * taken.size());
    for (std::size_t at = 0; at < taken.size(); at += 1) {
      result[2 * at] = taken[at].file;
      result[2 * at + 1] = taken[at].block;
    }
    return result;
  }

  // (blocks)
  Napi::Value bytes_of(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    std::uint64_t bytes = 0;
    for (const SourceBlock& block : blocks_argument(env, info[0]))
      bytes += blocks_->bytes_of(block);
    return number(env, bytes);
  }

  // (handle of a puller, offset, blocks, timeoutMs, leaseMs): the blocks that did not come: their
  // bytes were others, or what is left of the lease, or the connection, ended before. And why, as a
  // code.
  Napi::Value pull(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsExternal()) refuse(env, "expected a puller");
    struct State {
      std::vector<SourceBlock> blocks;
      std::vector<std::uint64_t> pieces;
      std::vector<SourceBlock> missing;
      Status why;
    };
    auto state = std::make_shared<State>();
    state->blocks = blocks_argument(env, info[2]);
    for (const SourceBlock& block : state->blocks)
      state->pieces.push_back(blocks_->bytes_of(block));
    const auto ms = [&](std::size_t at, const char* name) {
      return static_cast<std::int64_t>(whole_number(env, info[at], name, 1e9)) * 1'000'000;
    };
    Clock* const clock = pull_parts().clock;
    const std::int64_t lease_end_ns = clock->monotonic_ns() + ms(4, "leaseMs");
    return Work::begin(
        env,
        [state, blocks = blocks_, clock, lease_end_ns, timeout_ns = ms(3, "timeoutMs"),
         offset = whole_number(env, info[1], "offset"),
         puller = *info[0].As<Napi::External<std::shared_ptr<BlockPuller>>>().Data()] {
          std::size_t seen = 0;
          const Status ended = puller->pull(
              offset, state->pieces, timeout_ns, [&](std::size_t at, Bytes bytes) {
                seen = at + 1;
                const Status status =
                    blocks->deliver(state->blocks[at], bytes, clock, lease_end_ns);
                if (status.ok()) return;
                state->missing.push_back(state->blocks[at]);
                state->why = status;
              });
          for (; seen < state->blocks.size(); seen += 1)
            state->missing.push_back(state->blocks[seen]);
          if (!ended.ok()) state->why = ended;
          return Status();
        },
        [state](Napi::Env done) {
          auto pairs = Napi::Uint32Array::New(done, 2 * state->missing.size());
          for (std::size_t at = 0; at < state->missing.size(); at += 1) {
            pairs[2 * at] = state->missing[at].file;
            pairs[2 * at + 1] = state->missing[at].block;
          }
          Napi::Object result = Napi::Object::New(done);
          result.Set("missing", pairs);
          result.Set("code", Napi::String::New(done, code_name(state->why.code())));
          return result;
        });
  }

  // (blocks, Uint8Array of them, one behind the other)
  void deliver(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<SourceBlock> blocks = blocks_argument(env, info[0]);
    const Bytes bytes = blob_argument(env, info[1]);
    std::uint64_t at = 0;
    for (const SourceBlock& block : blocks) {
      const std::uint64_t size = blocks_->bytes_of(block);
      if (bytes.size() - at < size) refuse(env, "expected the bytes of all blocks");
      check(env, blocks_->deliver(block, bytes.subspan(at, size)));
      at += size;
    }
  }

  // (blocks)
  void put_back(const Napi::CallbackInfo& info) {
    for (const SourceBlock& block : blocks_argument(info.Env(), info[0]))
      blocks_->put_back(block);
  }

  // (code, message)
  void fail(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Code code = Code::kInternal;
    const std::string name = text(env, info[0], "code");
    for (std::uint16_t value = 1; value <= static_cast<std::uint16_t>(Code::kInternal); value += 1)
      if (name == code_name(static_cast<Code>(value))) code = static_cast<Code>(value);
    open(env).fail(Status(code, text(env, info[1], "message")));
  }

  // Ends who waits; what is asked afterwards is CLOSED. The replay is closed by itself.
  void close(const Napi::CallbackInfo&) { shut(); }

  std::shared_ptr<TableSchema> schema_;
  std::vector<PulledFile> files_;
  std::shared_ptr<BlockCache> cache_;
  std::shared_ptr<PulledBlocks> blocks_;
  Napi::ThreadSafeFunction wake_;
  bool hooked_ = false;
};

}  // namespace

void init_block_reader(Napi::Env env, Napi::Object exports) {
  exports.Set("BlockCache", BlockCacheWrap::define(env));
  exports.Set("BlockPuller", BlockPullerWrap::define(env));
  exports.Set("PulledBlocks", PulledBlocksWrap::define(env));
}

}  // namespace ndts::binding
