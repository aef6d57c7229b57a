#pragma once

#include "absl/status/status.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Calls about snapshots. They need no gRPC, work on the calling thread, take long, and are to be called one after the
// other. Clients name snapshots, never paths.

absl::Status HandleCreateSnapshot(const RpcContext& context, const v1::CreateSnapshotRequest& request,
                                  v1::CreateSnapshotResponse* response);
absl::Status HandleListSnapshots(const RpcContext& context, const v1::ListSnapshotsRequest& request,
                                 v1::ListSnapshotsResponse* response);
absl::Status HandleRestoreSnapshot(const RpcContext& context, const v1::RestoreSnapshotRequest& request,
                                   v1::RestoreSnapshotResponse* response);
absl::Status HandleDeleteSnapshot(const RpcContext& context, const v1::DeleteSnapshotRequest& request,
                                  v1::DeleteSnapshotResponse* response);

}  // namespace senvec
