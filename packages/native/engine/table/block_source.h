// Where blocks of segments come from that are in no file here: pulled from another host, or cached.
//
// Threads: any, at the same time. Lifetime: bytes stay until every hold() of the block was followed
// by release(). Errors: why a block cannot be had, from hold(); it does not wait for ever.
// Invariant: bytes that are handed out match the checksums of the segment's footer.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace ndts {

// A block of one of the source's files.
struct SourceBlock {
  std::uint32_t file = 0;
  std::uint32_t block = 0;

  friend bool operator==(const SourceBlock&, const SourceBlock&) = default;
};

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // What will be held next, in this order; what was expected before is no longer.
  virtual void expect(std::vector<SourceBlock> blocks) = 0;
  // Waits until it is here.
  [[nodiscard]] virtual Status hold(const SourceBlock& block, Bytes* bytes) = 0;
  virtual void release(const SourceBlock& block) = 0;
};

}  // namespace ndts
