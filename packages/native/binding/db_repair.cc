// repair for JavaScript: converts and calls.

#include "db/repair.h"

#include "base/clock.h"
#include "db.h"
#include "db_wrap.h"
#include "disk.h"
#include "table/tick_batch.h"

namespace ndts::binding {
namespace {

Napi::Object amount(Napi::Env env, const RepairAmount& of) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("rows", number(env, of.rows));
  result.Set("keys", number(env, of.keys));
  result.Set("entries", number(env, of.entries));
  result.Set("symbols", number(env, of.symbols));
  return result;
}

Napi::Object time(Napi::Env env, std::int64_t of) {
  double day = 0;
  double ns_of_day = 0;
  unpack_time(of, day, ns_of_day);
  Napi::Object result = Napi::Object::New(env);
  result.Set("day", Napi::Number::New(env, day));
  result.Set("nsOfDay", Napi::Number::New(env, ns_of_day));
  return result;
}

Napi::Array texts(Napi::Env env, const std::vector<std::string>& of) {
  Napi::Array result = Napi::Array::New(env, of.size());
  for (std::uint32_t index = 0; index < of.size(); index += 1)
    result[index] = Napi::String::New(env, of[index]);
  return result;
}

Napi::Object finding(Napi::Env env, const RepairFinding& of) {
  Napi::Object result = Napi::Object::New(env);
  const std::pair<const char*, const std::string*> fields[] = {
      {"file", &of.file},   {"what", &of.what},        {"note", &of.note},
      {"table", &of.table}, {"fromKey", &of.from_key}, {"toKey", &of.to_key}};
  for (const auto& [name, value] : fields) result.Set(name, Napi::String::New(env, *value));
  result.Set("offset", number(env, of.offset));
  result.Set("code", Napi::String::New(env, code_name(of.code)));
  result.Set("saved", amount(env, of.saved));
  result.Set("lost", amount(env, of.lost));
  result.Set("lostUnknown", Napi::Boolean::New(env, of.lost_unknown));
  result.Set("shard", number(env, of.shard));
  result.Set("symbols", texts(env, of.symbols));
  result.Set("fromTime", time(env, of.from_time));
  result.Set("toTime", time(env, of.to_time));
  return result;
}

// (dir, apply, shardCount)
Napi::Value repair(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  SystemClock clock;
  RepairOptions options;
  options.files = &disk();
  options.clock = &clock;
  options.dir = path(env, info[0], "dir");
  options.apply = info[1].ToBoolean();
  options.shard_count =
      static_cast<std::uint32_t>(whole_number(env, info[2], "shardCount", 65536));
  RepairReport report;
  check(env, repair_database(options, &report));
  Napi::Object result = Napi::Object::New(env);
  Napi::Array findings = Napi::Array::New(env, report.findings.size());
  for (std::uint32_t index = 0; index < report.findings.size(); index += 1)
    findings[index] = finding(env, report.findings[index]);
  result.Set("findings", findings);
  result.Set("notes", texts(env, report.notes));
  result.Set("movedTo", Napi::String::New(env, report.moved_to));
  return result;
}

}  // namespace

void init_repair(Napi::Env env, Napi::Object exports) {
  exports.Set("repairDatabase", Napi::Function::New(env, repair));
}

}  // namespace ndts::binding
