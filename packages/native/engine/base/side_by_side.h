// Work on many things that mostly waits for the disk, several at a time: one after the other each
// would wait alone.
//
// Threads: `work` is called once for each index below `count`, from the caller's thread and up to
// `threads` - 1 others; what it wrote is there when the call returns. 1 thread starts none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace ndts {

void side_by_side(std::size_t count, std::uint32_t threads,
                  const std::function<void(std::size_t)>& work);

}  // namespace ndts
