// See status.h.
#include "base/status.h"

#include <utility>

namespace ndts {

namespace {
const std::string kNoText;
}  // namespace

Status::Status(Code code, std::string message)
    : Status(code, std::move(message), std::string(), 0) {}

Status::Status(Code code, std::string message, std::string file, std::uint64_t offset) {
  if (code == Code::kOk) return;
  detail_ = std::make_shared<const Detail>(
      Detail{code, std::move(message), std::move(file), offset});
}

const std::string& Status::message() const { return ok() ? kNoText : detail_->message; }

const std::string& Status::file() const { return ok() ? kNoText : detail_->file; }

std::string Status::text() const {
  if (ok()) return code_name(Code::kOk);
  std::string text = std::string(code_name(detail_->code)) + ": " + detail_->message;
  if (!detail_->file.empty())
    text += " (" + detail_->file + " at " + std::to_string(detail_->offset) + ")";
  return text;
}

}  // namespace ndts
