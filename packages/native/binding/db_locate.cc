// locate() for JavaScript: converts and calls. See db_wrap.h.
//
// The result is { files, blocks, memory }: of each file its name, number, bytes and version;
// numbers in a row for each block, as src/locate.ts takes them apart; the same for what is in
// memory.

#include <algorithm>

#include "db_wrap.h"
#include "scan/locate.h"

namespace ndts::binding {
namespace {

constexpr std::size_t kBlockNumbers = 14;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void put_time(double* at, std::int64_t time) { unpack_time(time, at[0], at[1]); }

Napi::Object file_object(Napi::Env env, const SegmentReader& segment) {
  const SegmentRecord& record = segment.record();
  Napi::Object file = Napi::Object::New(env);
  file.Set("name", Napi::String::New(env, base_name(segment.path())));
  file.Set("number", number(env, record.number));
  file.Set("bytes", number(env, record.bytes));
  file.Set("version", number(env, record.version));
  return file;
}

void put_block(double* at, std::size_t file, const LocatedBlock& block) {
  const std::uint64_t wholes[] = {file,
                                  block.block,
                                  block.offset,
                                  block.bytes,
                                  block.first_sequence,
                                  block.end_sequence,
                                  block.first_epoch,
                                  block.last_epoch,
                                  block.first_row,
                                  block.rows};
  std::transform(std::begin(wholes), std::end(wholes), at,
                 [](std::uint64_t whole) { return static_cast<double>(whole); });
  put_time(at + 10, block.min_time);
  put_time(at + 12, block.max_time);
}

}  // namespace

Napi::Value DatabaseWrap::locate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  const TableSchema& schema = table_argument(env, info[0]);
  const std::uint32_t symbol = word(env, info[1], "symbol");
  const std::uint32_t shard = database.shard_of(symbol);
  if (shard == kNoShard)
    throw_code(env, Code::kNotFound, "there is no symbol " + std::to_string(symbol));
  const DatabaseSnapshot snapshot = database.snapshot();
  const Located found =
      ndts::locate(*snapshot.table(schema.id), shard, symbol, time_of(env, info[2], info[3]),
                   time_of(env, info[4], info[5]));
  Napi::Array files = Napi::Array::New(env);
  auto blocks = Napi::Float64Array::New(env, kBlockNumbers * found.blocks.size());
  const SegmentReader* last = nullptr;
  for (std::size_t at = 0; at < found.blocks.size(); at += 1) {
    const LocatedBlock& block = found.blocks[at];
    if (block.segment != last) files[files.Length()] = file_object(env, *block.segment);
    last = block.segment;
    put_block(blocks.Data() + kBlockNumbers * at, files.Length() - 1, block);
  }
  auto memory = Napi::Float64Array::New(env, 7);
  memory[0u] = static_cast<double>(found.memory.rows);
  memory[1u] = static_cast<double>(found.memory.first_sequence);
  memory[2u] = static_cast<double>(found.memory.end_sequence);
  put_time(memory.Data() + 3, found.memory.min_time);
  put_time(memory.Data() + 5, found.memory.max_time);
  Napi::Object result = Napi::Object::New(env);
  result.Set("shard", number(env, shard));
  result.Set("files", files);
  result.Set("blocks", blocks);
  result.Set("memory", memory);
  return result;
}

}  // namespace ndts::binding
