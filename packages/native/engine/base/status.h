// The outcome of an engine call: a code of the schema's table, and where it happened.
//
// Every fallible function of the engine returns one; it must be looked at. An ok Status is one
// null pointer wide and never allocates. Copies share the detail, so a Status may be kept and
// handed to other threads. Torn tail, corruption and I/O error are three different codes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "generated/errors.h"

namespace ndts {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message);
  Status(Code code, std::string message, std::string file, std::uint64_t offset = 0);

  [[nodiscard]] static Status success() { return Status(); }

  [[nodiscard]] bool ok() const { return detail_ == nullptr; }
  [[nodiscard]] Code code() const { return ok() ? Code::kOk : detail_->code; }
  // Empty when ok; what was expected and what was found otherwise.
  [[nodiscard]] const std::string& message() const;
  // Path of the file concerned; empty when there is none.
  [[nodiscard]] const std::string& file() const;
  [[nodiscard]] std::uint64_t offset() const { return ok() ? 0 : detail_->offset; }
  // "CORRUPT: bad checksum (wal/wal_1.log at 4096)"
  [[nodiscard]] std::string text() const;

 private:
  struct Detail {
    Code code;
    std::string message;
    std::string file;
    std::uint64_t offset;
  };
  std::shared_ptr<const Detail> detail_;
};

}  // namespace ndts

// Returns the Status of `expression` from the enclosing function unless it is ok.
#define NDTS_TRY(expression)                                           \
  do {                                                                 \
    if (::ndts::Status ndts_status = (expression); !ndts_status.ok()) \
      return ndts_status;                                              \
  } while (false)
