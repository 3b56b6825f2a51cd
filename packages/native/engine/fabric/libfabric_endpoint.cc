// See libfabric_endpoint.h. Nothing is in this file where the headers are not.
#if __has_include(<rdma/fabric.h>)

#include "fabric/libfabric_endpoint.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>

#include <array>
#include <cstring>
#include <memory>

#include "base/thread.h"

namespace ndts {
namespace {

constexpr const char* kLibrary = "libfabric.so.1";
constexpr std::uint32_t kApiVersion = FI_VERSION(1, 14);
constexpr std::size_t kQueueEntries = 1024;

static_assert(kMrBasic == FI_MR_BASIC && kMrScalable == FI_MR_SCALABLE);
static_assert(kMrLocal == FI_MR_LOCAL && kMrVirtAddr == FI_MR_VIRT_ADDR);
static_assert(kMrAllocated == FI_MR_ALLOCATED && kMrProvKey == FI_MR_PROV_KEY);

template <typename Pointer>
bool find_function(void* library, const char* name, Pointer* function) {
  *function = reinterpret_cast<Pointer>(dlsym(library, name));
  return *function != nullptr;
}

Status open_library(LibfabricApi* api) {
  // Never closed: it has threads and handlers of its own.
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return Status(Code::kUnavailable, std::string("libfabric cannot be loaded: ") + dlerror());
  if (find_function(library, "fi_getinfo", &api->getinfo) &&
      find_function(library, "fi_freeinfo", &api->freeinfo) &&
      find_function(library, "fi_dupinfo", &api->dupinfo) &&
      find_function(library, "fi_fabric", &api->fabric) &&
      find_function(library, "fi_strerror", &api->strerror) &&
      find_function(library, "fi_version", &api->version))
    return Status::success();
  return Status(Code::kUnavailable, "libfabric lacks a function that is needed");
}

template <typename Object>
void close_object(Object** object) {
  if (*object != nullptr) fi_close(&(*object)->fid);
  *object = nullptr;
}

}  // namespace

Status load_libfabric(const LibfabricApi** api) {
  static Mutex mutex;
  static LibfabricApi loaded;
  static bool tried = false;
  static Status outcome;
  const MutexLock lock(mutex);
  if (!tried) {
    tried = true;
    // Some providers take the handlers of signals when they are loaded, unless told not to. What
    // is never used, or checks no key (shm), is not even looked at.
    setenv("IPATH_NO_BACKTRACE", "1", 1);
    setenv("HFI_NO_BACKTRACE", "1", 1);
    setenv("FI_PROVIDER", "^shm,psm,psm2,psm3,opx,efa,usnic,udp,sockets", 0);
    Thread("ndts libfabric", [] { outcome = open_library(&loaded); }).join();
  }
  *api = outcome.ok() ? &loaded : nullptr;
  return outcome;
}

Status LibfabricEndpoint::failed(const char* what, long code) const {
  const auto number = static_cast<int>(code < 0 ? -code : code);
  return Status(Code::kUnavailable, std::string(what) + ": " + api_->strerror(number));
}

Status LibfabricEndpoint::find(const LibfabricApi& api, const LibfabricChoice& choice,
                               const std::string& host, const std::string& port, bool server) {
  api_ = &api;
  fi_info* hints = api.dupinfo(nullptr);
  if (hints == nullptr) return Status(Code::kUnavailable, "libfabric has no memory");
  hints->ep_attr->type = FI_EP_RDM;
  hints->caps = FI_RMA | (server ? FI_REMOTE_READ : FI_READ);
  hints->mode = FI_CONTEXT | FI_CONTEXT2;
  hints->addr_format = FI_SOCKADDR_IN;
  hints->domain_attr->mr_mode = static_cast<int>(choice.mr_mode);
  hints->domain_attr->threading = FI_THREAD_SAFE;
  hints->fabric_attr->prov_name = strdup(choice.provider.c_str());
  const int code = api.getinfo(kApiVersion, host.c_str(), port.c_str(), server ? FI_SOURCE : 0,
                               hints, &info_);
  api.freeinfo(hints);
  if (code != 0)
    return failed(("provider " + choice.provider + " at " + host + ":" + port).c_str(), code);
  const fi_domain_attr& domain = *info_->domain_attr;
  return Registration::of(static_cast<std::uint64_t>(domain.mr_mode), domain.mr_key_size,
                          &registration_);
}

Status LibfabricEndpoint::open() {
  int code = api_->fabric(info_->fabric_attr, &fabric_, nullptr);
  if (code != 0) return failed("fi_fabric", code);
  code = fi_domain(fabric_, info_, &domain_, nullptr);
  if (code != 0) return failed("fi_domain", code);
  fi_cq_attr queue{};
  queue.size = kQueueEntries;
  queue.format = FI_CQ_FORMAT_CONTEXT;
  queue.wait_obj = FI_WAIT_FD;
  code = fi_cq_open(domain_, &queue, &queue_, nullptr);
  if (code != 0) return failed("fi_cq_open", code);
  code = fi_control(&queue_->fid, FI_GETWAIT, &wait_descriptor_);
  if (code != 0) return failed("FI_GETWAIT", code);
  fi_av_attr addresses{};
  addresses.type = FI_AV_TABLE;
  code = fi_av_open(domain_, &addresses, &addresses_, nullptr);
  if (code != 0) return failed("fi_av_open", code);
  code = fi_endpoint(domain_, info_, &endpoint_, nullptr);
  if (code != 0) return failed("fi_endpoint", code);
  code = fi_ep_bind(endpoint_, &addresses_->fid, 0);
  if (code == 0) code = fi_ep_bind(endpoint_, &queue_->fid, FI_TRANSMIT | FI_RECV);
  if (code == 0) code = fi_enable(endpoint_);
  return code == 0 ? Status::success() : failed("fi_enable", code);
}

Status LibfabricEndpoint::open_server(const LibfabricApi& api, const LibfabricChoice& choice,
                                      const std::string& host, const std::string& port) {
  NDTS_TRY(find(api, choice, host, port, true));
  return open();
}

Status LibfabricEndpoint::open_reader(const LibfabricApi& api, const LibfabricChoice& choice,
                                      const std::string& host, const std::string& port,
                                      fi_addr_t* peer) {
  NDTS_TRY(find(api, choice, host, port, false));
  NDTS_TRY(open());
  if (info_->dest_addr == nullptr || fi_av_insert(addresses_, info_->dest_addr, 1, peer, 0,
                                                  nullptr) != 1)
    return Status(Code::kUnavailable, "libfabric does not take the address " + host + ":" + port);
  return Status::success();
}

void LibfabricEndpoint::close() {
  close_object(&endpoint_);
  close_object(&addresses_);
  close_object(&queue_);
  close_object(&domain_);
  close_object(&fabric_);
  if (info_ != nullptr) api_->freeinfo(info_);
  info_ = nullptr;
}

Status LibfabricEndpoint::address(std::string* text) const {
  sockaddr_in name{};
  std::size_t bytes = sizeof name;
  const int code = fi_getname(&endpoint_->fid, &name, &bytes);
  if (code != 0) return failed("fi_getname", code);
  std::array<char, INET_ADDRSTRLEN> host{};
  if (inet_ntop(AF_INET, &name.sin_addr, host.data(), host.size()) == nullptr)
    return Status(Code::kUnavailable, "the address of an endpoint cannot be read");
  *text = std::string(host.data()) + ":" + std::to_string(ntohs(name.sin_port));
  return Status::success();
}

Status LibfabricEndpoint::register_memory(Bytes bytes, std::uint64_t access, std::uint64_t key,
                                          fid_mr** region) const {
  registration_.prepare(bytes);
  const int code = fi_mr_reg(domain_, bytes.data(), bytes.size(), access, 0,
                             registration_.key(key), 0, region, nullptr);
  return code == 0 ? Status::success() : failed("fi_mr_reg", code);
}

bool LibfabricEndpoint::wait(std::int64_t ns) const {
  fid* objects[] = {&queue_->fid};
  // Not success: something is there already.
  if (fi_trywait(fabric_, objects, 1) != FI_SUCCESS) return true;
  pollfd one{wait_descriptor_, POLLIN, 0};
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  return ppoll(&one, 1, &time, nullptr) > 0;
}

Status LibfabricEndpoint::take_error() const {
  fi_cq_err_entry entry{};
  if (fi_cq_readerr(queue_, &entry, 0) < 0)
    return Status(Code::kUnavailable, "the connection failed");
  const bool refused = entry.err == FI_EACCES || entry.err == FI_EKEYREJECTED ||
                       entry.err == FI_ENOKEY || entry.err == FI_EPERM;
  return Status(refused ? Code::kLeaseLost : Code::kUnavailable,
                std::string("a read failed: ") + api_->strerror(entry.err));
}

}  // namespace ndts

#endif
