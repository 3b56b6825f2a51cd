// Snapshots of the database for JavaScript: converts and calls. See db_wrap.h.

#include "db/snapshot_folder.h"

#include "db_wrap.h"
#include "disk.h"

namespace ndts::binding {

namespace {

Napi::Array to_array(Napi::Env env, const std::vector<SnapshotInfo>& found) {
  Napi::Array result = Napi::Array::New(env, found.size());
  for (std::uint32_t index = 0; index < found.size(); index += 1) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", Napi::String::New(env, found[index].name));
    entry.Set("wallMs", Napi::Number::New(env, static_cast<double>(found[index].wall_ns) / 1e6));
    entry.Set("bytes", number(env, found[index].bytes));
    entry.Set("files", number(env, found[index].files));
    result[index] = entry;
  }
  return result;
}

}  // namespace

void DatabaseWrap::begin_snapshot(const Napi::CallbackInfo& info) {
  check(info.Env(), open(info.Env()).begin_snapshot(text(info.Env(), info[0], "name")));
}

Napi::Value DatabaseWrap::snapshot_made(const Napi::CallbackInfo& info) {
  const std::optional<Status> result = open(info.Env()).snapshot_result();
  if (result.has_value()) check(info.Env(), *result);
  return Napi::Boolean::New(info.Env(), result.has_value());
}

Napi::Value DatabaseWrap::snapshots(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::vector<SnapshotInfo> found;
  check(env, open(env).list_snapshots(&found));
  return to_array(env, found);
}

void DatabaseWrap::remove_snapshot(const Napi::CallbackInfo& info) {
  check(info.Env(), open(info.Env()).remove_snapshot(text(info.Env(), info[0], "name")));
}

Napi::Value list_snapshots(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::vector<SnapshotInfo> found;
  check(env, ndts::list_snapshots(disk(), path(env, info[0], "dir"), &found));
  return to_array(env, found);
}

void remove_snapshot(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  check(env, ndts::remove_closed_snapshot(disk(), path(env, info[0], "dir"),
                                          text(env, info[1], "name")));
}

void restore_snapshot(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  SystemClock clock;
  check(env, ndts::restore_snapshot(disk(), clock, path(env, info[0], "folder"),
                                    path(env, info[1], "dir")));
}

}  // namespace ndts::binding
