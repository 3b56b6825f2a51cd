// SQL over a database for JavaScript. A query has a thread of its own, on which everything it does
// runs; each call is a promise. src/sql.ts is the only caller.
//
// Lifetime: a query keeps its snapshot until its last row, not its database. It ends by close(), by
// the garbage collector, or with its environment; each waits for its thread, which is gone then.
#pragma once

#include <napi.h>

#include <deque>
#include <functional>
#include <memory>

#include "base/thread.h"
#include "sql/sql_query.h"

namespace ndts::binding {

// What Database.beginQuery() hands to the constructor of a query, which takes it: null then.
using SqlStart = std::shared_ptr<SqlQuery>;

class SqlQueryWrap : public Napi::ObjectWrap<SqlQueryWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  // (External of SqlStart)
  explicit SqlQueryWrap(const Napi::CallbackInfo& info);
  ~SqlQueryWrap() override { shut(); }

 private:
  struct Job {
    std::function<Status()> work;                  // on the thread of the query
    std::function<Napi::Value(Napi::Env)> answer;  // in JavaScript, when it went well
    Napi::Promise::Deferred deferred;
    Status status;
  };

  // (sql)
  Napi::Value serialize(const Napi::CallbackInfo& info);
  // (sql)
  Napi::Value render(const Napi::CallbackInfo& info);
  // (form, text)
  Napi::Value instant(const Napi::CallbackInfo& info);
  // (sql)
  Napi::Value describe(const Napi::CallbackInfo& info);
  // (sql, pushed, prunes, values)
  Napi::Value prepare(const Napi::CallbackInfo& info);
  Napi::Value execute(const Napi::CallbackInfo& info);
  // (rows)
  Napi::Value next(const Napi::CallbackInfo& info);
  // (code)
  void stop(const Napi::CallbackInfo& info);
  void cut(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Napi::Value begin(Napi::Env env, std::function<Status()> work,
                    std::function<Napi::Value(Napi::Env)> answer);
  void run();
  static void tell(Napi::Env env, const Job& job);
  void settle(Napi::Env env, const std::shared_ptr<Job>& job);
  static void leave(void* self);
  void shut();

  SqlStart query_;
  Napi::ThreadSafeFunction function_;
  std::shared_ptr<bool> alive_;  // false once the wrap is gone; JavaScript's thread only
  Mutex mutex_;
  ConditionVariable condition_;
  std::deque<std::shared_ptr<Job>> jobs_;  // guarded by mutex_
  bool ending_ = false;                    // guarded by mutex_
  std::size_t pending_ = 0;                // of JavaScript's thread: jobs not yet settled
  bool hooked_ = false;
  bool closed_ = false;  // by who uses it
  std::unique_ptr<Thread> thread_;  // starts when the others stand
};

void init_sql(Napi::Env env, Napi::Object exports);

}  // namespace ndts::binding
