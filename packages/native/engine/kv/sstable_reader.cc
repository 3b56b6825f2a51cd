// Reading a sorted table: open, search, blocks. See sstable.h.
#include <algorithm>

#include "base/crc32c.h"
#include "kv/bloom_filter.h"
#include "kv/key_order.h"
#include "kv/sstable.h"

namespace ndts {

namespace {

constexpr std::size_t kTouchBytes = 4096;  // no page is smaller

// `at` never passes `end`; false when the number is cut off or longer than 64 bits.
bool read_varint(const std::byte*& at, const std::byte* end, std::uint64_t* value) {
  std::uint64_t result = 0;
  for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
    const auto byte = static_cast<std::uint64_t>(*at++);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return true;
    }
  }
  return false;
}

// The same where the bytes were checked before.
std::uint64_t trusted_varint(const std::byte*& at) {
  auto byte = static_cast<std::uint64_t>(*at++);
  if (byte < 0x80) [[likely]]
    return byte;
  std::uint64_t result = byte & 0x7f;
  for (unsigned shift = 7; byte >= 0x80; shift += 7) {
    byte = static_cast<std::uint64_t>(*at++);
    result |= (byte & 0x7f) << shift;
  }
  return result;
}

std::string_view text_at(const std::byte* at, std::uint64_t bytes) {
  return {reinterpret_cast<const char*>(at), static_cast<std::size_t>(bytes)};
}

// Reads a value before the mapping is asked whether it could be read.
void touch_pages(Bytes value) {
  for (std::size_t at = 0; at < value.size(); at += kTouchBytes)
    static_cast<void>(*static_cast<const volatile std::byte*>(&value[at]));
  if (!value.empty()) static_cast<void>(*static_cast<const volatile std::byte*>(&value.back()));
}

// The eight bytes after the first `common`, as a number.
std::uint64_t prefix_after(std::string_view key, std::size_t common) {
  return key.size() <= common ? 0 : key_prefix(key.substr(common));
}

}  // namespace

SstFile::SstFile(std::string path, std::unique_ptr<Mapping> mapping)
    : path_(std::move(path)),
      mapping_(std::move(mapping)),
      bytes_(mapping_->bytes()) {}

Status SstFile::open(FileSystem& files, const std::string& dir, const SstInfo& expected,
                     std::shared_ptr<SstFile>* file) {
  const std::string path = sst_path(dir, expected.number);
  std::unique_ptr<File> opened;
  std::unique_ptr<Mapping> mapping;
  NDTS_TRY(files.open(path, OpenMode::kRead, &opened));
  NDTS_TRY(opened->map(&mapping));
  std::shared_ptr<SstFile> made(new SstFile(path, std::move(mapping)));
  NDTS_TRY(made->mapping_->outcome(made->check(&expected), path));
  *file = std::move(made);
  return {};
}

Status SstFile::open_unlisted(FileSystem& files, const std::string& path,
                              std::shared_ptr<SstFile>* file) {
  std::unique_ptr<File> opened;
  std::unique_ptr<Mapping> mapping;
  NDTS_TRY(files.open(path, OpenMode::kRead, &opened));
  NDTS_TRY(opened->map(&mapping));
  std::shared_ptr<SstFile> made(new SstFile(path, std::move(mapping)));
  NDTS_TRY(made->mapping_->outcome(made->check(nullptr), path));
  *file = std::move(made);
  return {};
}

Status SstFile::corrupt(const std::string& what, std::uint64_t offset) const {
  return Status(Code::kCorrupt, "sorted table: " + what, path_, offset);
}

Status SstFile::check(const SstInfo* expected) {
  if (bytes_.size() < sizeof header_) return corrupt("cut short", bytes_.size());
  header_ = load<SstHeader>(bytes_.data());
  if (header_.magic != kSstMagic) return corrupt("bad magic", offsetof(SstHeader, magic));
  if (header_.checksum != crc32c(0, bytes_of(header_).subspan(4)))
    return corrupt("checksum of the header", 0);
  if (header_.version > kSstVersion)
    return Status(Code::kVersionTooNew,
                  "sorted table version " + std::to_string(header_.version) +
                      ", this is version " + std::to_string(kSstVersion),
                  path_);
  if (header_.version == 0) return corrupt("version 0", offsetof(SstHeader, version));
  if (header_.file_bytes != bytes_.size())
    return corrupt("expected " + std::to_string(header_.file_bytes) + " bytes, found " +
                       std::to_string(bytes_.size()),
                   offsetof(SstHeader, file_bytes));
  if (header_.reserved0 != 0 || !all_zero(bytes_of(header_.reserved)))
    return corrupt("reserved bytes of the header", offsetof(SstHeader, reserved0));
  if (header_.entries < header_.block_count)
    return corrupt("number of entries", offsetof(SstHeader, entries));
  NDTS_TRY(check_footer());
  if (expected == nullptr) return {};
  if (expected->header_checksum != header_.checksum || expected->number != header_.number ||
      expected->bytes != header_.file_bytes || expected->min_key != info_.min_key ||
      expected->max_key != info_.max_key)
    return corrupt("it is not the file that the manifest lists", 0);
  info_ = *expected;
  return {};
}

Status SstFile::check_footer() {
  const std::uint64_t index_bytes = std::uint64_t{header_.block_count} * sizeof(SstIndexEntry);
  const std::uint64_t size = bytes_.size();
  if (header_.index_offset < sizeof header_ || header_.index_offset > size ||
      header_.block_count == 0 || index_bytes > size - header_.index_offset ||
      header_.key_bytes > size - header_.index_offset - index_bytes)
    return corrupt("place of the index", offsetof(SstHeader, index_offset));
  const std::uint64_t keys_at = header_.index_offset + index_bytes;
  if (header_.filter_offset != align_up(keys_at + header_.key_bytes, kFilterLineBytes) ||
      header_.filter_offset + kFilterLineBytes > size ||
      (size - header_.filter_offset) % kFilterLineBytes != 0 ||
      header_.min_key_bytes > header_.key_bytes)
    return corrupt("place of the filter", offsetof(SstHeader, filter_offset));
  if (crc32c(0, bytes_.subspan(header_.index_offset)) != header_.footer_checksum)
    return corrupt("checksum of the footer", header_.index_offset);
  keys_ = bytes_.subspan(keys_at, header_.key_bytes);
  filter_ = bytes_.subspan(header_.filter_offset);
  std::uint64_t offset = sizeof header_;
  std::uint64_t key_offset = header_.min_key_bytes;
  for (std::uint32_t at = 0; at < header_.block_count; at += 1) {
    const SstIndexEntry entry = index(at);
    const std::uint64_t where = header_.index_offset + at * sizeof entry;
    if (entry.offset != offset || entry.bytes < sizeof(SstBlockHead) + 4 ||
        entry.bytes > header_.index_offset - offset || entry.key_offset != key_offset ||
        entry.key_bytes > header_.key_bytes - key_offset)
      return corrupt("index entry", where);
    if (at > 0 && last_key(at) <= last_key(at - 1)) return corrupt("order of the index", where);
    offset += entry.bytes;
    key_offset += entry.key_bytes;
  }
  if (offset != header_.index_offset || key_offset != header_.key_bytes)
    return corrupt("end of the index", keys_at);
  if (text_of(keys_.first(header_.min_key_bytes)) > last_key(0))
    return corrupt("the first key is behind that of the first block", keys_at);
  info_.number = header_.number;
  info_.bytes = header_.file_bytes;
  info_.entries = header_.entries;
  info_.deletes = header_.deletes;
  info_.first_sequence = header_.first_sequence;
  info_.last_sequence = header_.last_sequence;
  info_.header_checksum = header_.checksum;
  info_.min_key = text_of(keys_.first(header_.min_key_bytes));
  info_.max_key = last_key(header_.block_count - 1);
  common_ = common_bytes(info_.min_key, info_.max_key);
  checked_ = std::make_unique<std::atomic<std::uint64_t>[]>(header_.block_count / 64 + 1);
  prefixes_.reserve(header_.block_count);
  for (std::uint32_t at = 0; at < header_.block_count; at += 1)
    prefixes_.push_back(prefix_after(last_key(at), common_));
  return {};
}

SstIndexEntry SstFile::index(std::uint32_t at) const {
  return load<SstIndexEntry>(bytes_.data() + header_.index_offset +
                             std::size_t{at} * sizeof(SstIndexEntry));
}

std::string_view SstFile::last_key(std::uint32_t at) const {
  const SstIndexEntry entry = index(at);
  return text_at(keys_.data() + entry.key_offset, entry.key_bytes);
}

Status SstFile::visit_block(std::uint32_t at, const Visit& visit) const {
  Block block;
  NDTS_TRY(load_block(at, &block));
  for (std::uint32_t entry = 0; entry < block.entries; entry += 1) visit(block.entry(entry));
  return status();
}

std::uint32_t SstFile::find_block(std::string_view key) const {
  const std::string_view start = std::string_view(info_.min_key).substr(0, common_);
  if (const int order = key.substr(0, common_).compare(start); order != 0)
    return order < 0 ? 0 : header_.block_count;
  const std::uint64_t prefix = prefix_after(key, common_);
  const auto begin = prefixes_.begin();
  auto at = std::lower_bound(begin, prefixes_.end(), prefix);
  const auto end = std::upper_bound(at, prefixes_.end(), prefix);
  std::uint32_t low = static_cast<std::uint32_t>(at - begin);
  std::uint32_t high = static_cast<std::uint32_t>(end - begin);
  // Equal numbers: the keys decide.
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (last_key(middle) < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Status SstFile::load_block(std::uint32_t at, Block* block) const {
  const SstIndexEntry entry = index(at);
  NDTS_TRY(status());  // an index of zeros leads nowhere
  const Bytes bytes = bytes_.subspan(entry.offset, entry.bytes);
  std::atomic<std::uint64_t>& word = checked_[at / 64];
  const std::uint64_t bit = std::uint64_t{1} << (at % 64);
  if ((word.load(std::memory_order_relaxed) & bit) == 0) [[unlikely]] {
    NDTS_TRY(mapping_->outcome(check_block(at, bytes), path_));
    word.fetch_or(bit, std::memory_order_relaxed);
  }
  *block = {mapping_.get(), bytes.data(), entry.bytes,
            load<std::uint32_t>(bytes.data() + offsetof(SstBlockHead, entries))};
  return status();
}

// After this every entry of the block can be read without looking at its bounds.
Status SstFile::check_block(std::uint32_t at, Bytes bytes) const {
  const std::uint64_t offset = index(at).offset;
  const auto head = load<SstBlockHead>(bytes.data());
  const std::uint64_t identity[] = {header_.number, at};
  const std::uint32_t seed = crc32c(0, std::as_bytes(std::span(identity)));
  if (crc32c(seed, bytes.subspan(4)) != head.checksum)
    return corrupt("checksum of block " + std::to_string(at), offset);
  if (head.entries == 0 || head.entries > (bytes.size() - sizeof head) / 2)
    return corrupt("entries of block " + std::to_string(at), offset);
  const std::byte* const end = bytes.data() + bytes.size() - std::size_t{2} * head.entries;
  const std::byte* place = bytes.data() + sizeof head;
  std::string_view before;
  for (std::uint32_t entry = 0; entry < head.entries; entry += 1) {
    const auto start = load<std::uint16_t>(end + std::size_t{2} * entry);
    const auto where = static_cast<std::uint64_t>(place - bytes.data());
    std::uint64_t key_bytes = 0;
    std::uint64_t value_code = 0;
    if (start != where || !read_varint(place, end, &key_bytes) ||
        !read_varint(place, end, &value_code))
      return corrupt("entry of block " + std::to_string(at), offset + where);
    const auto left = static_cast<std::uint64_t>(end - place);
    const std::uint64_t value_bytes = value_code == 0 ? 0 : value_code - 1;
    if (key_bytes > left || value_bytes > left - key_bytes)
      return corrupt("length of an entry of block " + std::to_string(at), offset + where);
    const std::string_view key = text_at(place, key_bytes);
    if (entry > 0 ? key <= before : at > 0 && key <= last_key(at - 1))
      return corrupt("order of block " + std::to_string(at), offset + where);
    before = key;
    place += key_bytes + value_bytes;
  }
  if (place != end || before != last_key(at))
    return corrupt("end of block " + std::to_string(at), offset);
  return {};
}

KeyValueEntry SstFile::Block::entry(std::uint32_t at) const {
  const std::byte* offsets = data + bytes - std::size_t{2} * entries;
  const std::byte* place = data + load<std::uint16_t>(offsets + std::size_t{2} * at);
  const std::uint64_t key_bytes = trusted_varint(place);
  const std::uint64_t value_code = trusted_varint(place);
  if (mapping->failed()) [[unlikely]]
    return {};  // the lengths may be any
  if (value_code == 0) return {text_at(place, key_bytes), {}, true};
  return {text_at(place, key_bytes),
          Bytes(place + key_bytes, static_cast<std::size_t>(value_code - 1)), false};
}

std::uint32_t SstFile::Block::lower_bound(std::string_view key) const {
  std::uint32_t low = 0;
  std::uint32_t high = entries;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (entry(middle).key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool SstFile::may_contain(std::uint64_t hash) const { return filter_may_contain(filter_, hash); }

// A filter, an index or a block of zeros says nothing about the key: the mapping is asked last.
Status SstFile::get(std::string_view key, std::uint64_t hash, bool* found,
                    KeyValueEntry* entry) const {
  *found = false;
  if (!may_contain(hash)) return status();
  return mapping_->outcome(find(key, found, entry), path_);
}

Status SstFile::find(std::string_view key, bool* found, KeyValueEntry* entry) const {
  const std::uint32_t at = find_block(key);
  if (at == header_.block_count) return {};
  Block block;
  NDTS_TRY(load_block(at, &block));
  const std::uint32_t place = block.lower_bound(key);
  if (place == block.entries) return {};
  *entry = block.entry(place);  // get() asks what it is worth
  *found = entry->key == key;
  if (*found) touch_pages(entry->value);
  return {};
}

// A position in the file.
class SstCursor final : public Cursor {
 public:
  explicit SstCursor(const SstFile& file) : file_(file) {}

  void seek(std::string_view key) override {
    const std::uint32_t at = file_.find_block(key);
    if (!load(at)) return;
    take(block_.lower_bound(key));  // not past the end: the last key is at or after `key`
  }

  void seek_before(std::string_view key) override {
    const std::uint32_t at = file_.find_block(key);
    if (at == file_.header_.block_count) return seek_last();
    if (!load(at)) return;
    const std::uint32_t place = block_.lower_bound(key);
    if (place > 0) return take(place - 1);
    last_of(at - 1);
  }

  void seek_last() override { last_of(file_.header_.block_count - 1); }

  void next() override {
    if (place_ + 1 < block_.entries) return take(place_ + 1);
    if (load(at_ + 1)) take(0);
  }

  void previous() override {
    if (place_ > 0) return take(place_ - 1);
    last_of(at_ - 1);
  }

 private:
  void last_of(std::uint32_t at) {
    if (load(at)) take(block_.entries - 1);
  }

  // Before the first block is after the last one: numbers wrap.
  bool load(std::uint32_t at) {
    valid_ = false;
    const bool inside = at < file_.header_.block_count;
    Status status = inside ? file_.load_block(at, &block_) : Status();
    if (status.ok()) status = file_.status();  // of the search that led here, too
    if (!status.ok()) fail(status);
    at_ = at;
    return inside && status.ok();
  }

  void take(std::uint32_t place) {
    // Asked before, because a search among zeros may end past the end; and after.
    if (!file_.mapping_->failed()) entry_ = block_.entry(place);
    if (file_.mapping_->failed()) [[unlikely]]
      return fail(file_.status());
    place_ = place;
    valid_ = true;
  }

  const SstFile& file_;
  SstFile::Block block_;
  std::uint32_t at_ = 0;
  std::uint32_t place_ = 0;
};

std::unique_ptr<Cursor> SstFile::cursor() const { return std::make_unique<SstCursor>(*this); }

}  // namespace ndts
