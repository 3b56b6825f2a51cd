// Sorted tables made from a cursor, in steps: what flush and compaction have in common.
//
// Threads: one at a time. Lifetime: what the cursor stands on outlives the build. Invariants: no
// key twice, output tables share no key; nothing lists the files until the build has ended, so
// abandon() may remove them. After an error only abandon().
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kv/sstable.h"
#include "kv/version.h"

namespace ndts {

struct TableBuildOptions {
  FileSystem* files = nullptr;
  std::string dir;
  std::uint32_t level = 0;  // of the output
  std::uint32_t block_bytes = 4096;
  std::uint64_t table_bytes = 0;  // where a table ends and the next begins; 0: never
  bool drop_deletes = false;      // nothing older than the input has its keys
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::function<std::uint64_t()> next_number;
  // What the output hides is looked up here, for one key in sixteen.
  std::shared_ptr<const SstLevels> older;
  std::uint32_t older_level = 0;  // from this level on
};

class TableBuild {
 public:
  // `source` is at its first entry.
  TableBuild(TableBuildOptions options, std::unique_ptr<Cursor> source);

  // Goes on until about `budget` bytes more were read; *bytes: how many.
  [[nodiscard]] Status step(std::uint64_t budget, std::uint64_t* bytes);
  [[nodiscard]] bool ended() const { return ended_; }
  void abandon();

  // Once ended: the tables, open; files and contents are synced, their names are not.
  [[nodiscard]] const std::vector<std::shared_ptr<SstFile>>& tables() const { return tables_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  [[nodiscard]] Status add(const KeyValueEntry& entry);
  [[nodiscard]] Status end_table();
  [[nodiscard]] std::uint64_t hidden_by(const KeyValueEntry& entry, std::uint64_t hash) const;

  const TableBuildOptions options_;
  const std::unique_ptr<Cursor> source_;
  std::unique_ptr<SstWriter> writer_;
  std::uint64_t number_ = 0;         // of the writer's table
  std::uint64_t hidden_bytes_ = 0;   // of the writer's table
  std::vector<std::uint64_t> made_;  // files there may be
  std::vector<std::shared_ptr<SstFile>> tables_;
  std::uint64_t bytes_written_ = 0;
  bool ended_ = false;
};

}  // namespace ndts
