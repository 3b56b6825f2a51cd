// What server and reader have of libfabric: the library, and an endpoint with its queue.
//
// Threads: load_libfabric() from any. An endpoint is opened and closed by one thread; the provider
// is asked for FI_THREAD_SAFE, so memory is registered beside the thread that moves things along.
#pragma once

#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_rma.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "fabric/registration.h"

namespace ndts {

// Which provider, and which demands of fi_mr(3) it may make.
struct LibfabricChoice {
  std::string provider;
  std::uint64_t mr_mode;
};

// The functions that are not called through an object; found in the library at run time.
struct LibfabricApi {
  decltype(&::fi_getinfo) getinfo = nullptr;
  decltype(&::fi_freeinfo) freeinfo = nullptr;
  decltype(&::fi_dupinfo) dupinfo = nullptr;
  decltype(&::fi_fabric) fabric = nullptr;
  decltype(&::fi_strerror) strerror = nullptr;
  decltype(&::fi_version) version = nullptr;
};

// UNAVAILABLE where the library is not there.
[[nodiscard]] Status load_libfabric(const LibfabricApi** api);

// What stands at key kPullHelloKey of a server whose provider takes our keys.
inline constexpr std::uint64_t kPullHelloKey = 0x4C4C'5550'5354'444E;  // "NDTSPULL"

class LibfabricEndpoint {
 public:
  ~LibfabricEndpoint() { close(); }
  // A server listens on host and port; a reader will read from there, *peer being its name here.
  [[nodiscard]] Status open_server(const LibfabricApi& api, const LibfabricChoice& choice,
                                   const std::string& host, const std::string& port);
  [[nodiscard]] Status open_reader(const LibfabricApi& api, const LibfabricChoice& choice,
                                   const std::string& host, const std::string& port,
                                   fi_addr_t* peer);
  void close();
  [[nodiscard]] bool is_open() const { return endpoint_ != nullptr; }

  [[nodiscard]] fid_ep* endpoint() const { return endpoint_; }
  [[nodiscard]] fid_cq* queue() const { return queue_; }
  [[nodiscard]] const Registration& registration() const { return registration_; }
  [[nodiscard]] std::string provider() const { return info_->fabric_attr->prov_name; }
  [[nodiscard]] Status address(std::string* text) const;
  // access: FI_REMOTE_READ or FI_READ.
  [[nodiscard]] Status register_memory(Bytes bytes, std::uint64_t access, std::uint64_t key,
                                       fid_mr** region) const;
  // Sleeps until something may have happened; true when it did.
  [[nodiscard]] bool wait(std::int64_t ns) const;
  // Takes an error off the queue.
  [[nodiscard]] Status take_error() const;

 private:
  [[nodiscard]] Status find(const LibfabricApi& api, const LibfabricChoice& choice,
                            const std::string& host, const std::string& port, bool server);
  [[nodiscard]] Status open();
  [[nodiscard]] Status failed(const char* what, long code) const;

  const LibfabricApi* api_ = nullptr;
  fi_info* info_ = nullptr;
  Registration registration_;
  fid_fabric* fabric_ = nullptr;
  fid_domain* domain_ = nullptr;
  fid_cq* queue_ = nullptr;
  fid_av* addresses_ = nullptr;
  fid_ep* endpoint_ = nullptr;
  int wait_descriptor_ = -1;
};

}  // namespace ndts
