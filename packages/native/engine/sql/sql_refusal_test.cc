// What queries are refused when they ask for more than they may have, through the library itself;
// that the count comes back to where it began; and libraries whose calls cannot be replaced.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <array>

#include "db/database_snapshot.h"
#include "sql/library_doors.h"
#include "sql/sql_query.h"

#ifndef NDTS_DUCKDB
#define NDTS_DUCKDB ""
#endif

namespace ndts {
namespace {

TEST(LibraryDoors, CallsThatAreMissingAreSaid) {
  if (!has_library_doors()) GTEST_SKIP() << "there are none on this machine";
  void* library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) GTEST_SKIP() << "there is no such library";
  const std::array<LibraryDoor, 1> needed{LibraryDoor{"ndts_no_such_call", nullptr, true}};
  EXPECT_EQ(replace_doors(library, needed).code(), Code::kUnavailable);
  const std::array<LibraryDoor, 1> other{LibraryDoor{"ndts_no_such_call", nullptr, false}};
  EXPECT_TRUE(replace_doors(library, other).ok());
  dlclose(library);
}

class SqlMeters : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(NDTS_DUCKDB).empty()) GTEST_SKIP() << "the SQL library is not installed";
    if (!has_library_doors()) GTEST_SKIP() << "memory is not counted on this machine";
    const duckdb::Api* api = nullptr;
    const Status loaded = duckdb::load(NDTS_DUCKDB, &api);
    ASSERT_TRUE(loaded.ok()) << loaded.text();
    ASSERT_TRUE(SqlInstance::open(*api, {64u << 20, 2}, {}, &instance_).ok());
  }

  // Whether it went well.
  bool run(const char* sql) {
    const SqlMeterScope scope(instance_->meter());
    duckdb::Result result{};
    const bool done =
        instance_->api().query(instance_->connection(), sql, &result) == duckdb::kSuccess;
    instance_->api().destroy_result(&result);
    return done;
  }

  std::unique_ptr<SqlInstance> instance_;
};

TEST_F(SqlMeters, WhatWasAskedForIsCountedUntilItIsGivenBack) {
  SqlMeter& meter = *instance_->meter();
  EXPECT_GT(meter.used(), 1 << 20);  // its functions, its threads
  ASSERT_TRUE(run("SELECT 1"));
  const std::int64_t before = meter.used();
  for (int round = 0; round < 5; round += 1) {
    ASSERT_TRUE(run("SELECT max(length(repeat('x', 100000) || range::VARCHAR)) FROM range(300)"));
    ASSERT_TRUE(run("SELECT median(range) FROM range(1000000)"));
    ASSERT_TRUE(run("SELECT len(map_keys(histogram(range))) FROM range(20000)"));
  }
  EXPECT_LT(std::abs(meter.used() - before), 4 << 20);
  EXPECT_FALSE(meter.refused());
}

TEST_F(SqlMeters, BeyondTheLimitThePieceIsRefusedAndTheInstanceNotKept) {
  SqlMeter& meter = *instance_->meter();
  meter.begin(1 << 20);
  EXPECT_TRUE(run("SELECT max(length(repeat('x', 1000) || range::VARCHAR)) FROM range(3000)"));
  EXPECT_TRUE(instance_->is_sound());
  EXPECT_FALSE(
      run("SELECT sum(length(repeat('x', 1000000) || range::VARCHAR)) FROM range(100000)"));
  EXPECT_TRUE(meter.refused());
  EXPECT_FALSE(instance_->is_sound());
}

TEST_F(SqlMeters, SmallPiecesBeyondTheLimitInterrupt) {
  SqlMeter& meter = *instance_->meter();
  meter.begin(1 << 20);
  // Nodes of a tree, of 64 bytes each, many vectors long.
  EXPECT_FALSE(run("SELECT len(map_keys(histogram(range))) FROM range(100000000)"));
  EXPECT_TRUE(meter.refused());
}

TEST_F(SqlMeters, WhoIsCutGetsNoLargePieceUntilItIsLifted) {
  SqlMeter& meter = *instance_->meter();
  meter.begin(1u << 30);
  meter.cut();
  EXPECT_FALSE(run("SELECT length(repeat('x', 1000000) || range::VARCHAR) FROM range(10)"));
  meter.lift();
  EXPECT_TRUE(run("SELECT length(repeat('x', 1000000) || range::VARCHAR) FROM range(10)"));
}

}  // namespace
}  // namespace ndts
