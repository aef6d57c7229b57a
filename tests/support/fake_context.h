#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/check.h"
#include "service/rpc/rpc_context.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/notification.h"
#include "tests/support/temp_dir.h"

namespace senvec {

// What calls work with, without gRPC and without a model: a fake encoder, a clock that the test sets, and an empty store.
class FakeContext {
 public:
  FakeContext() {
    context_ = {.encoder = &encoder_, .scheduler = &scheduler_, .store = store_.get(), .work = &work_,
                .long_work = &long_work_, .snapshots = folder_ / "snapshots", .limits = {}, .version = "test", .now = [this] { return now(); }};
  }

  RpcContext& context() { return context_; }
  FakeEncoder& encoder() { return encoder_; }
  absl::Time now() const { return now_.load(); }
  void set_now(absl::Time now) { now_ = now; }

  // A collection of the fake encoder's vectors.
  std::shared_ptr<Collection> MakeCollection(const std::string& name, Metric metric = Metric::kL2) {
    CollectionOptions options;
    options.name = name;
    options.index.dim = encoder_.info().dim;
    options.index.metric = metric;
    options.index.kind = IndexKind::kExact;
    options.model_fingerprint = encoder_.info().fingerprint;
    auto collection = store_->Create(options);
    SENVEC_CHECK(collection.ok());
    return *collection;
  }

  // The status with which start(done) ends.
  static absl::Status Wait(const std::function<void(std::function<void(absl::Status)>)>& start) {
    absl::Status result;
    Notification notification;
    start([&](absl::Status status) {
      result = std::move(status);
      notification.Notify();
    });
    notification.WaitForNotification();
    return result;
  }

 private:
  const TempDir folder_;
  std::atomic<absl::Time> now_ = absl::FromUnixSeconds(1000);
  FakeEncoder encoder_;
  const std::unique_ptr<CollectionStore> store_ = *CollectionStore::Open(folder_ / "data");
  EncodeScheduler scheduler_{&encoder_, {}, [this] { return now(); }};
  WorkQueue work_{2, 1000};
  WorkQueue long_work_{1, 1000};
  RpcContext context_;
};

}  // namespace senvec
