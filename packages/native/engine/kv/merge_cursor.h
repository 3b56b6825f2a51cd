// Cursors made of cursors: a level of tables that share no key, and the merge of several sources
// of which the earlier hides the later.
//
// Threads: one. Lifetime: what they are made of must outlive them. A MergeCursor is moved in one
// direction only, the one it was made for; the other functions must not be called.
#pragma once

#include <memory>
#include <vector>

#include "kv/cursor.h"
#include "kv/version.h"

namespace ndts {

[[nodiscard]] std::unique_ptr<Cursor> make_level_cursor(
    std::span<const std::shared_ptr<SstFile>> tables);

class MergeCursor final : public Cursor {
 public:
  // `sources` from new to old: where two have a key, the first counts.
  MergeCursor(std::vector<std::unique_ptr<Cursor>> sources, bool backward);

  void seek(std::string_view key) override;         // forward
  void seek_before(std::string_view key) override;  // backward
  void seek_last() override;                        // backward
  void next() override;                             // forward
  void previous() override;                         // backward

 private:
  // The place of a source that is valid; `prefix` decides most comparisons.
  struct Place {
    std::uint64_t prefix;
    std::uint32_t source;
  };

  void start();
  void advance();
  [[nodiscard]] bool add(std::uint32_t source);
  void sift_down(std::size_t at);
  [[nodiscard]] bool before(const Place& a, const Place& b) const;
  void settle();

  const std::vector<std::unique_ptr<Cursor>> sources_;
  const bool backward_;
  std::vector<Place> heap_;  // the current entry's source is the first
};

}  // namespace ndts
