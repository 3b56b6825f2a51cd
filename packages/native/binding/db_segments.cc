// Segments of the database for JavaScript: what there is, and letting days go or come back. See
// db_wrap.h.

#include "db_wrap.h"

namespace ndts::binding {

Napi::Value DatabaseWrap::segments(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Database& database = open(env);
  std::vector<SegmentRecord> found;
  check(env, database.segments(table_argument(env, info[0]).id, &found));
  Napi::Array result = Napi::Array::New(env, found.size());
  for (std::uint32_t index = 0; index < found.size(); index += 1) {
    const Napi::HandleScope scope(env);
    const SegmentRecord& segment = found[index];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("number", number(env, segment.number));
    entry.Set("path", Napi::String::New(env, segment_path(dir_, segment)));
    entry.Set("shard", number(env, segment.shard));
    entry.Set("day", Napi::Number::New(env, static_cast<double>(segment.day)));
    entry.Set("rows", number(env, segment.rows));
    entry.Set("bytes", number(env, segment.bytes));
    entry.Set("firstSequence", number(env, segment.first_sequence));
    entry.Set("endSequence", number(env, segment.end_sequence));
    result[index] = entry;
  }
  return result;
}

void DatabaseWrap::begin_change(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray() || !info[1].IsArray()) refuse(env, "expected numbers and paths");
  SegmentChange change;
  const auto removed = info[0].As<Napi::Array>();
  for (std::uint32_t index = 0; index < removed.Length(); index += 1)
    change.removed.push_back(whole_number(env, removed.Get(index), "the number of a segment"));
  const auto added = info[1].As<Napi::Array>();
  for (std::uint32_t index = 0; index < added.Length(); index += 1)
    change.added.push_back(text(env, added.Get(index), "the path of a segment"));
  // What was read may have been code that closed it.
  check(env, open(env).begin_change(std::move(change)));
}

Napi::Value DatabaseWrap::change_made(const Napi::CallbackInfo& info) {
  const std::optional<Status> result = open(info.Env()).change_result();
  if (result.has_value()) check(info.Env(), *result);
  return Napi::Boolean::New(info.Env(), result.has_value());
}

}  // namespace ndts::binding
