// See library_doors.h.
#include "sql/library_doors.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ndts {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kAbsolute = R_X86_64_64;
constexpr std::uint32_t kData = R_X86_64_GLOB_DAT;
constexpr std::uint32_t kCall = R_X86_64_JUMP_SLOT;
#else
constexpr std::uint32_t kAbsolute = R_AARCH64_ABS64;
constexpr std::uint32_t kData = R_AARCH64_GLOB_DAT;
constexpr std::uint32_t kCall = R_AARCH64_JUMP_SLOT;
#endif

struct Slot {
  std::uintptr_t address;
  void* value;
};

// What the dynamic section of a library says, as far as it is needed.
struct Tables {
  std::uintptr_t base = 0;
  const char* names = nullptr;
  const Elf64_Sym* symbols = nullptr;
  std::span<const Elf64_Rela> data;
  std::span<const Elf64_Rela> calls;
};

Tables tables_of(const link_map& map) {
  Tables tables;
  tables.base = map.l_addr;
  const Elf64_Rela* data = nullptr;
  const Elf64_Rela* calls = nullptr;
  std::size_t data_bytes = 0;
  std::size_t calls_bytes = 0;
  for (const ElfW(Dyn)* entry = map.l_ld; entry->d_tag != DT_NULL; entry += 1) {
    // Some loaders leave what is in the file, others add where they put it.
    const std::uintptr_t value = entry->d_un.d_ptr;
    const std::uintptr_t address = value < map.l_addr ? map.l_addr + value : value;
    switch (entry->d_tag) {
      case DT_STRTAB:
        tables.names = reinterpret_cast<const char*>(address);
        break;
      case DT_SYMTAB:
        tables.symbols = reinterpret_cast<const Elf64_Sym*>(address);
        break;
      case DT_RELA:
        data = reinterpret_cast<const Elf64_Rela*>(address);
        break;
      case DT_RELASZ:
        data_bytes = value;
        break;
      case DT_JMPREL:
        calls = reinterpret_cast<const Elf64_Rela*>(address);
        break;
      case DT_PLTRELSZ:
        calls_bytes = value;
        break;
      default:
        break;
    }
  }
  if (data != nullptr) tables.data = {data, data_bytes / sizeof(Elf64_Rela)};
  if (calls != nullptr) tables.calls = {calls, calls_bytes / sizeof(Elf64_Rela)};
  return tables;
}

void find_slots(const Tables& tables, std::span<const Elf64_Rela> entries, const LibraryDoor& door,
                std::vector<Slot>* slots) {
  for (const Elf64_Rela& entry : entries) {
    const auto type = static_cast<std::uint32_t>(ELF64_R_TYPE(entry.r_info));
    if (type != kAbsolute && type != kData && type != kCall) continue;
    const Elf64_Sym& symbol = tables.symbols[ELF64_R_SYM(entry.r_info)];
    if (std::strcmp(tables.names + symbol.st_name, door.symbol) != 0) continue;
    if (type == kAbsolute && entry.r_addend != 0) continue;
    slots->push_back({tables.base + entry.r_offset, door.replacement});
  }
}

// Where the library can't write any more once it is bound.
struct ReadOnly {
  std::uintptr_t base = 0;
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

int find_read_only(dl_phdr_info* info, std::size_t, void* found) {
  auto* area = static_cast<ReadOnly*>(found);
  if (info->dlpi_addr != area->base) return 0;
  for (std::size_t at = 0; at < info->dlpi_phnum; at += 1) {
    const ElfW(Phdr)& header = info->dlpi_phdr[at];
    if (header.p_type != PT_GNU_RELRO) continue;
    area->begin = info->dlpi_addr + header.p_vaddr;
    area->end = area->begin + header.p_memsz;
  }
  return 1;
}

bool protect(const ReadOnly& area, int protection) {
  if (area.begin == area.end) return true;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = area.begin & ~(page - 1);
  // The loader, too, leaves out a part of a page.
  const std::uintptr_t end = area.end & ~(page - 1);
  return end <= begin || mprotect(reinterpret_cast<void*>(begin), end - begin, protection) == 0;
}

}  // namespace

bool has_library_doors() { return true; }

Status replace_doors(void* library, std::span<const LibraryDoor> doors) {
  link_map* map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr)
    return Status(Code::kUnavailable, "the SQL library has no link map");
  const Tables tables = tables_of(*map);
  if (tables.names == nullptr || tables.symbols == nullptr)
    return Status(Code::kUnavailable, "the SQL library has no table of symbols", map->l_name);
  std::vector<Slot> slots;
  for (const LibraryDoor& door : doors) {
    const std::size_t before = slots.size();
    find_slots(tables, tables.data, door, &slots);
    find_slots(tables, tables.calls, door, &slots);
    if (slots.size() == before && door.is_needed)
      return Status(Code::kUnavailable,
                    std::string("the SQL library does not call ") + door.symbol +
                        ": its memory cannot be counted",
                    map->l_name);
  }
  ReadOnly area;
  area.base = map->l_addr;
  dl_iterate_phdr(find_read_only, &area);
  if (!protect(area, PROT_READ | PROT_WRITE))
    return Status(Code::kUnavailable, "the tables of the SQL library cannot be written",
                  map->l_name);
  for (const Slot& slot : slots) *reinterpret_cast<void**>(slot.address) = slot.value;
  static_cast<void>(protect(area, PROT_READ));
  return {};
}

}  // namespace ndts

#else

namespace ndts {

bool has_library_doors() { return false; }

Status replace_doors(void*, std::span<const LibraryDoor>) { return {}; }

}  // namespace ndts

#endif
