// See mapping_guard.h.
#include "base/mapping_guard.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/thread.h"

namespace ndts {

// One guard. Changed under the mutex, read by the handler, which passes over a slot that changes:
// the range that it looks for does not change while somebody reads from it.
struct alignas(64) GuardSlot {
  std::atomic<std::uint64_t> version{0};  // odd while begin and end change
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<std::uint64_t> first_fault{MappingGuard::kNoFault};
  GuardSlot* older = nullptr;  // constant once the slot is in the list
  GuardSlot* next_free = nullptr;
};

namespace {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<GuardSlot*>::is_always_lock_free);

// Of the process, for its signal handler: nothing here has a destructor that could run before it.
std::atomic<GuardSlot*> newest_slot{nullptr};
GuardSlot* free_slots = nullptr;
struct sigaction previous_action;
std::uintptr_t page_bytes = 0;

Mutex& slots_mutex() {
  static Mutex* const mutex = new Mutex;
  return *mutex;
}

// Async-signal-safe: atomics and one system call, past the wrapper that a sanitizer may have put
// around it.
bool put_zeros_at(std::uintptr_t address) {
  for (GuardSlot* slot = newest_slot.load(); slot != nullptr; slot = slot->older) {
    const std::uint64_t version = slot->version.load();
    const std::uintptr_t begin = slot->begin.load();
    if (version % 2 != 0 || address < begin || address >= slot->end.load() ||
        slot->version.load() != version)
      continue;
    std::uint64_t none = MappingGuard::kNoFault;
    slot->first_fault.compare_exchange_strong(none, address - begin);
    const std::uintptr_t page = address & ~(page_bytes - 1);
    const long result = ::syscall(SYS_mmap, page, page_bytes, PROT_READ,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return static_cast<std::uintptr_t>(result) == page;
  }
  return false;
}

// As if this handler had not been there.
void pass_on(int signal, siginfo_t* about, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0)
    return previous_action.sa_sigaction(signal, about, context);
  const bool sent = about->si_code <= 0;
  if (previous_action.sa_handler == SIG_IGN && sent) return;
  if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN)
    return previous_action.sa_handler(signal);
  // The process ends where the instruction is repeated, or as soon as the signal is let through.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
  if (sent) ::raise(signal);
}

void on_bus_error(int signal, siginfo_t* about, void* context) {
  const int error = errno;
  // A code above zero is the kernel's, and only its address means something.
  const bool ours = about->si_code > 0 &&
                    put_zeros_at(reinterpret_cast<std::uintptr_t>(about->si_addr));
  if (!ours) pass_on(signal, about, context);
  errno = error;
}

bool install_handler() {
  page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  // Asked for first: the handler may run before a call that installs it returns.
  return ::sigaction(SIGBUS, nullptr, &previous_action) == 0 &&
         ::sigaction(SIGBUS, &action, nullptr) == 0;
}

// With the mutex held.
GuardSlot* take_slot() {
  GuardSlot* slot = free_slots;
  if (slot != nullptr) {
    free_slots = slot->next_free;
    return slot;
  }
  slot = new GuardSlot;
  slot->older = newest_slot.load();
  newest_slot.store(slot);
  return slot;
}

GuardSlot* guard_range(std::uintptr_t begin, std::size_t bytes) {
  const MutexLock lock(slots_mutex());
  static const bool installed = install_handler();
  static_cast<void>(installed);  // fails for no signal but KILL and STOP
  GuardSlot* slot = take_slot();
  slot->version += 1;
  slot->begin = begin;
  slot->end = begin + align_up(bytes, page_bytes);
  slot->first_fault = MappingGuard::kNoFault;
  slot->version += 1;
  return slot;
}

}  // namespace

MappingGuard::MappingGuard(const void* data, std::size_t bytes)
    : slot_(guard_range(reinterpret_cast<std::uintptr_t>(data), bytes)) {}

MappingGuard::~MappingGuard() {
  const MutexLock lock(slots_mutex());
  slot_->version += 1;
  slot_->begin = 0;
  slot_->end = 0;
  slot_->version += 1;
  slot_->next_free = free_slots;
  free_slots = slot_;
}

const std::atomic<std::uint64_t>& MappingGuard::first_fault() const { return slot_->first_fault; }

}  // namespace ndts
