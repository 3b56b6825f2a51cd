// Writing a sorted table. See sstable.h.
#include "base/crc32c.h"
#include "kv/bloom_filter.h"
#include "kv/sstable.h"

namespace ndts {

namespace {

constexpr std::size_t kWriteBytes = 1u << 20;

}  // namespace

std::string sst_path(const std::string& dir, std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return dir + "/" + std::string(20 - digits.size(), '0') + digits + ".sst";
}

SstWriter::SstWriter(FileSystem& files, const std::string& dir, std::uint64_t number,
                     std::uint32_t block_bytes)
    : files_(files), path_(sst_path(dir, number)), number_(number), block_bytes_(block_bytes) {}

Status SstWriter::create() {
  if (files_.exists(path_)) NDTS_TRY(files_.remove(path_));
  NDTS_TRY(files_.open(path_, OpenMode::kCreate, &file_));
  buffer_.reserve(kWriteBytes + 2 * std::size_t{block_bytes_});
  buffer_.resize(sizeof(SstHeader));  // written last, when it is known
  block_start_ = buffer_.size();
  return {};
}

void SstWriter::append_varint(std::uint64_t value) {
  while (value >= 0x80) {
    buffer_.push_back(static_cast<std::byte>(value | 0x80));
    value >>= 7;
  }
  buffer_.push_back(static_cast<std::byte>(value));
}

Status SstWriter::add(const KeyValueEntry& entry, std::uint64_t hash) {
  const std::size_t body = entry.key.size() + entry.value.size();
  const std::size_t used = buffer_.size() - block_start_ + 2 * offsets_.size();
  if (!offsets_.empty() && used + body + 4 > block_bytes_) NDTS_TRY(end_block());
  if (offsets_.empty()) {
    block_start_ = buffer_.size();
    buffer_.resize(buffer_.size() + sizeof(SstBlockHead));
  }
  if (entries_ == 0) {
    keys_ = entry.key;
    min_key_bytes_ = entry.key.size();
  }
  offsets_.push_back(static_cast<std::uint16_t>(buffer_.size() - block_start_));
  append_varint(entry.key.size());
  append_varint(entry.deleted ? 0 : entry.value.size() + 1);
  append(bytes_of_text(entry.key));
  append(entry.value);
  last_key_ = entry.key;
  hashes_.push_back(hash);
  entries_ += 1;
  deletes_ += entry.deleted ? 1 : 0;
  return {};
}

Status SstWriter::end_block() {
  if (offsets_.empty()) return {};
  append(std::as_bytes(std::span<const std::uint16_t>(offsets_)));
  std::byte* block = buffer_.data() + block_start_;
  const std::size_t bytes = buffer_.size() - block_start_;
  if (bytes > 0xffff'ffff)
    return Status(Code::kInvalidArgument, "an entry of more than 4 GiB", path_);
  store(block + offsetof(SstBlockHead, entries), static_cast<std::uint32_t>(offsets_.size()));
  const std::uint64_t identity[] = {number_, index_.size()};
  const std::uint32_t seed = crc32c(0, std::as_bytes(std::span(identity)));
  store(block, crc32c(seed, Bytes(block, bytes).subspan(4)));
  index_.push_back({written_ + block_start_, keys_.size(), static_cast<std::uint32_t>(bytes),
                    static_cast<std::uint32_t>(last_key_.size())});
  keys_ += last_key_;
  offsets_.clear();
  return buffer_.size() >= kWriteBytes ? write_buffer() : Status();
}

Status SstWriter::write_buffer() {
  NDTS_TRY(file_->write(written_, buffer_));
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status SstWriter::finish(std::uint64_t first_sequence, std::uint64_t last_sequence,
                         SstInfo* info) {
  NDTS_TRY(end_block());
  SstHeader header{};
  header.index_offset = written_ + buffer_.size();
  const std::size_t footer = buffer_.size();
  append(std::as_bytes(std::span<const SstIndexEntry>(index_)));
  append(bytes_of_text(keys_));
  header.filter_offset = align_up(written_ + buffer_.size(), kFilterLineBytes);
  buffer_.resize(static_cast<std::size_t>(header.filter_offset - written_));
  append(make_filter(hashes_));
  header.version = kSstVersion;
  header.magic = kSstMagic;
  header.number = number_;
  header.entries = entries_;
  header.deletes = deletes_;
  header.first_sequence = first_sequence;
  header.last_sequence = last_sequence;
  header.key_bytes = keys_.size();
  header.file_bytes = written_ + buffer_.size();
  header.block_count = static_cast<std::uint32_t>(index_.size());
  header.min_key_bytes = static_cast<std::uint32_t>(min_key_bytes_);
  header.footer_checksum = crc32c(0, Bytes(buffer_).subspan(footer));
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  NDTS_TRY(write_buffer());
  NDTS_TRY(file_->write(0, bytes_of(header)));
  NDTS_TRY(file_->sync());
  *info = {};
  info->number = number_;
  info->bytes = header.file_bytes;
  info->entries = entries_;
  info->deletes = deletes_;
  info->first_sequence = first_sequence;
  info->last_sequence = last_sequence;
  info->header_checksum = header.checksum;
  info->min_key = keys_.substr(0, min_key_bytes_);
  info->max_key = last_key_;
  return {};
}

}  // namespace ndts
