// Blocks of segments for readers on other hosts, for JavaScript: converts and calls. Files are
// read on threads of the pool. src/blocks.ts is its only caller.

#include <memory>
#include <vector>

#include "blocks/block_arena.h"
#include "blocks/block_hold.h"
#include "db_wrap.h"
#include "disk.h"
#include "grants.h"
#include "parts.h"
#include "replay.h"
#include "work.h"

namespace ndts::binding {
namespace {

// Pairs of file and block.
std::vector<SourceBlock> blocks_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
      value.As<Napi::TypedArray>().ElementLength() % 2 != 0)
    refuse(env, "expected blocks to be a Uint32Array of pairs");
  const auto pairs = value.As<Napi::Uint32Array>();
  std::vector<SourceBlock> blocks(pairs.ElementLength() / 2);
  for (std::size_t at = 0; at < blocks.size(); at += 1)
    blocks[at] = {pairs[2 * at], pairs[2 * at + 1]};
  return blocks;
}

// Of one request; a reader asks for less.
constexpr std::uint64_t kBlocksBytesMax = 64u << 20;

// Of files that were read just now.
Status readable(const BlockHold& hold, std::span<const SourceBlock> blocks) {
  for (const SourceBlock& block : blocks) NDTS_TRY(hold.read_status(block));
  return {};
}

class BlockArenaWrap : public Napi::ObjectWrap<BlockArenaWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = BlockArenaWrap;
    return DefineClass(env, "BlockArena",
                       {InstanceMethod<&Wrap::handle>("handle"),
                        InstanceMethod<&Wrap::release>("release"),
                        InstanceMethod<&Wrap::release_all>("releaseAll"),
                        InstanceMethod<&Wrap::stats>("stats"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (path, bytes)
  explicit BlockArenaWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<BlockArenaWrap>(info) {
    const Napi::Env env = info.Env();
    std::unique_ptr<BlockArena> made;
    check(env, BlockArena::open(&disk(), pull_parts().clock, path(env, info[0], "path"),
                                whole_number(env, info[1], "bytes"), &made));
    arena_ = std::move(made);
  }

 private:
  BlockArena& open(Napi::Env env) {
    if (!arena_) throw_code(env, Code::kClosed, "the arena is closed");
    return *arena_;
  }

  Napi::Value handle(const Napi::CallbackInfo& info) {
    static_cast<void>(open(info.Env()));
    return Napi::External<std::shared_ptr<BlockArena>>::New(
        info.Env(), new std::shared_ptr<BlockArena>(arena_),
        [](Napi::Env, std::shared_ptr<BlockArena>* gone) { delete gone; });
  }

  // (owner, id)
  void release(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    open(env).release(whole_number(env, info[0], "owner"), whole_number(env, info[1], "id"));
  }

  // (owner)
  void release_all(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    open(env).release_all(whole_number(env, info[0], "owner"));
  }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const BlockArenaCounters counters = open(env).counters();
    Napi::Object result = Napi::Object::New(env);
    result.Set("spaces", number(env, counters.spaces));
    result.Set("bytes", number(env, counters.bytes));
    result.Set("copiedBytes", number(env, counters.copied_bytes));
    result.Set("refused", number(env, counters.refused));
    return result;
  }

  void close(const Napi::CallbackInfo&) { arena_.reset(); }

  std::shared_ptr<BlockArena> arena_;
};

class BlockHoldWrap : public Napi::ObjectWrap<BlockHoldWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = BlockHoldWrap;
    return DefineClass(env, "BlockHold",
                       {InstanceMethod<&Wrap::begin>("open"),
                        InstanceMethod<&Wrap::files>("files"),
                        InstanceMethod<&Wrap::sequence_ends>("ends"),
                        InstanceMethod<&Wrap::file_ends>("fileEnds"),
                        InstanceMethod<&Wrap::place>("place"),
                        InstanceMethod<&Wrap::read>("read"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (what Database.replay() returned, folder, name)
  explicit BlockHoldWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<BlockHoldWrap>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsExternal()) refuse(env, "expected Database.replay() to make it");
    request_ = std::move(info[0].As<Napi::External<ReplayOptions>>().Data()->request);
    folder_ = path(env, info[1], "folder");
    name_ = path(env, info[2], "name");
  }

 private:
  const BlockHold& open(Napi::Env env) {
    if (!hold_) throw_code(env, Code::kClosed, "the hold is closed");
    return *hold_;
  }

  // Once. Who waits for it keeps the handle.
  Napi::Value begin(const Napi::CallbackInfo& info) {
    auto made = std::make_shared<std::unique_ptr<BlockHold>>();
    auto request = std::make_shared<ReplayRequest>(std::move(request_));
    return Work::begin(
        info.Env(),
        [made, request, folder = folder_, name = name_] {
          return BlockHold::open(disk(), folder, name, std::move(*request), made.get());
        },
        [this, made](Napi::Env env) {
          hold_ = std::move(*made);
          return env.Undefined();
        });
  }

  // Of each: number, bytes, day, table, shard, checksum of the trailer, version, whether of memory.
  Napi::Value files(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<HeldFile>& held = open(env).files();
    constexpr std::size_t kNumbers = 8;
    auto result = Napi::Float64Array::New(env, kNumbers * held.size());
    for (std::size_t at = 0; at < held.size(); at += 1) {
      const SegmentRecord& record = held[at].segment->record();
      double* numbers = result.Data() + kNumbers * at;
      numbers[0] = static_cast<double>(record.number);
      numbers[1] = static_cast<double>(record.bytes);
      numbers[2] = static_cast<double>(record.day);
      numbers[3] = record.table;
      numbers[4] = record.shard;
      numbers[5] = record.trailer_checksum;
      numbers[6] = record.version;
      numbers[7] = held[at].memory ? 1 : 0;
    }
    return result;
  }

  Napi::Value sequence_ends(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<std::uint64_t> ends = open(env).ends();
    auto result = Napi::Float64Array::New(env, ends.size());
    for (std::size_t shard = 0; shard < ends.size(); shard += 1)
      result[shard] = static_cast<double>(ends[shard]);
    return result;
  }

  // (file)
  Napi::Value file_ends(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    static_cast<void>(open(env));
    auto ends = std::make_shared<std::vector<std::byte>>();
    return Work::begin(
        env,
        [hold = hold_, file = word(env, info[0], "file"), ends] {
          return hold->copy_ends(file, ends.get());
        },
        [ends](Napi::Env done) { return copy_of(done, *ends); });
  }

  // (handle of a BlockArena, owner, blocks, leaseMs): [id, offset, bytes]
  Napi::Value place(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    static_cast<void>(open(env));
    if (!info[0].IsExternal()) refuse(env, "expected an arena");
    const std::shared_ptr<BlockArena> arena =
        *info[0].As<Napi::External<std::shared_ptr<BlockArena>>>().Data();
    auto space = std::make_shared<ArenaSpace>();
    return Work::begin(
        env,
        [hold = hold_, arena, space, owner = whole_number(env, info[1], "owner"),
         blocks = blocks_argument(env, info[2]),
         lease_ms = static_cast<std::int64_t>(whole_number(env, info[3], "leaseMs"))] {
          std::vector<Bytes> found;
          NDTS_TRY(hold->blocks_bytes(blocks, kBlocksBytesMax, &found));
          std::int64_t retry_ms = 0;
          NDTS_TRY(arena->place(owner, found, lease_ms, space.get(), &retry_ms));
          const Status read = readable(*hold, blocks);
          if (!read.ok()) arena->release(owner, space->id);
          return read;
        },
        [space](Napi::Env done) {
          auto result = Napi::Float64Array::New(done, 3);
          result[0] = static_cast<double>(space->id);
          result[1] = static_cast<double>(space->offset);
          result[2] = static_cast<double>(space->bytes);
          return result;
        });
  }

  // (blocks): their bytes, one behind the other
  Napi::Value read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    static_cast<void>(open(env));
    auto bytes = std::make_shared<std::vector<std::byte>>();
    return Work::begin(
        env,
        [hold = hold_, bytes, blocks = blocks_argument(env, info[0])] {
          std::vector<Bytes> found;
          NDTS_TRY(hold->blocks_bytes(blocks, kBlocksBytesMax, &found));
          for (const Bytes& block : found) bytes->insert(bytes->end(), block.begin(), block.end());
          return readable(*hold, blocks);
        },
        [bytes](Napi::Env done) { return copy_of(done, *bytes); });
  }

  void close(const Napi::CallbackInfo&) { hold_.reset(); }

  ReplayRequest request_;
  std::string folder_;
  std::string name_;
  std::shared_ptr<const BlockHold> hold_;
};

}  // namespace

void init_block_server(Napi::Env env, Napi::Object exports) {
  exports.Set("BlockArena", BlockArenaWrap::define(env));
  exports.Set("BlockHold", BlockHoldWrap::define(env));
}

}  // namespace ndts::binding
