// See wal_reader.h.
#include "wal/wal_reader.h"

#include <charconv>
#include <utility>

namespace ndts {

namespace {

constexpr std::string_view kPrefix = "wal_";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kDigits = 20;
constexpr std::uint64_t kZeroPiece = 4096;

Status check_header(const WalFileHeader& header, const std::string& path) {
  if (header.magic != kWalMagic) return Status(Code::kCorrupt, "not a log file", path, 8);
  if (header.checksum != wal_header_checksum(header))
    return Status(Code::kCorrupt, "the header does not match its checksum", path, 0);
  if (header.version > kWalVersion)
    return Status(Code::kVersionTooNew,
                  "expected version " + std::to_string(kWalVersion) + " or older, found " +
                      std::to_string(header.version),
                  path, 4);
  if (header.version == 0 || header.start_position < header.previous_end ||
      !all_zero(std::as_bytes(std::span(header.reserved))))
    return Status(Code::kCorrupt, "the header holds impossible values", path, 0);
  return Status::success();
}

}  // namespace

std::string wal_file_name(std::uint64_t sequence) {
  const std::string digits = std::to_string(sequence);
  std::string name(kPrefix);
  name.append(kDigits - digits.size(), '0').append(digits).append(kSuffix);
  return name;
}

std::optional<std::uint64_t> wal_sequence_of(const std::string& name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size() || !name.starts_with(kPrefix) ||
      !name.ends_with(kSuffix))
    return std::nullopt;
  std::uint64_t sequence = 0;
  const char* begin = name.data() + kPrefix.size();
  const auto [end, error] = std::from_chars(begin, begin + kDigits, sequence);
  if (error != std::errc() || end != begin + kDigits) return std::nullopt;
  return sequence;
}

Status WalReader::read_header(FileSystem& files, const std::string& path,
                              WalFileHeader* header) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kRead, &file));
  std::byte page[kWalEntriesOffset];
  NDTS_TRY(file->read_exactly(0, page));
  *header = load<WalFileHeader>(page);
  NDTS_TRY(check_header(*header, path));
  if (!all_zero(Bytes(page).subspan(sizeof(WalFileHeader))))
    return Status(Code::kCorrupt, "bytes after the header are not zero", path,
                  sizeof(WalFileHeader));
  return Status::success();
}

Status WalReader::open(FileSystem& files, const std::string& path,
                       std::unique_ptr<WalReader>* reader) {
  std::unique_ptr<WalReader> made(new WalReader());
  made->path_ = path;
  NDTS_TRY(read_header(files, path, &made->header_));
  NDTS_TRY(files.read_file(path, &made->content_));
  made->seed_ = wal_entry_seed(made->header_);
  *reader = std::move(made);
  return Status::success();
}

std::uint64_t WalReader::position() const {
  return header_.start_position + offset_ - kWalEntriesOffset;
}

bool WalReader::seek(std::uint64_t position) {
  const std::uint64_t offset = kWalEntriesOffset + (position - header_.start_position);
  if (position < header_.start_position || offset > content_.size()) return false;
  offset_ = offset;
  return true;
}

std::uint64_t WalReader::missing_bytes() const {
  return header_.file_bytes > content_.size() ? header_.file_bytes - content_.size() : 0;
}

bool WalReader::parse(std::uint64_t offset, WalEntry* entry) const {
  const std::uint64_t size = content_.size();
  if (offset > size || size - offset < sizeof(WalEntryHeader)) return false;
  const std::byte* at = content_.data() + offset;
  const auto header = load<WalEntryHeader>(at);
  if (header.position != header_.start_position + offset - kWalEntriesOffset) return false;
  const std::uint64_t bytes = wal_entry_bytes(header.payload_bytes);
  if (header.kind == 0 || header.durable > header.position || bytes > size - offset) return false;
  const Bytes covered(at + sizeof(header.checksum), bytes - sizeof(header.checksum));
  if (header.checksum != crc32c(seed_, covered)) return false;
  *entry = {header, offset, header.position + bytes,
            Bytes(at + sizeof(header), header.payload_bytes)};
  return true;
}

bool WalReader::next(WalEntry* entry) {
  if (!parse(offset_, entry)) return false;
  offset_ += entry->end - entry->header.position;
  return true;
}

WalTail WalReader::inspect_tail() const {
  WalTail tail;
  if (offset_ >= content_.size()) return tail;
  std::uint64_t end = content_.size();
  // Mostly nothing but zeros, megabytes of them: by large pieces, then by bytes.
  while (end - offset_ >= kZeroPiece &&
         all_zero(Bytes(content_).subspan(end - kZeroPiece, kZeroPiece)))
    end -= kZeroPiece;
  while (end > offset_ && content_[end - 1] == std::byte{0}) --end;
  tail.torn_bytes = end - offset_;
  WalEntry entry{};
  // An entry names its own position, so almost no other place passes for one.
  for (std::uint64_t at = offset_ + 8; at < end;) {
    if (!parse(at, &entry)) {
      at += 8;
      continue;
    }
    tail.was_durable = tail.was_durable || entry.header.durable > position();
    tail.entries += entry.header.kind <= kWalUserKindMax ? 1 : 0;
    tail.end = entry.end;
    at += entry.end - entry.header.position;
  }
  return tail;
}

Bytes WalReader::image(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t offset = kWalEntriesOffset + (begin - header_.start_position);
  return Bytes(content_).subspan(offset, end - begin);
}

}  // namespace ndts
