#include "index/posting_merge_operator.h"

#include <rocksdb/merge_operator.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "index/filter/posting.h"

namespace senvec {
namespace {

absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// False from either function tells RocksDB that the stored bytes are damaged; it then fails the read.
class PostingMergeOperator : public rocksdb::MergeOperator {
 public:
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override {
    std::optional<absl::string_view> existing;
    if (in.existing_value != nullptr) existing = ToView(*in.existing_value);
    std::vector<absl::string_view> operands;
    operands.reserve(in.operand_list.size());
    for (const rocksdb::Slice& operand : in.operand_list) operands.push_back(ToView(operand));
    return MergePostings(existing, operands, &out->new_value);
  }

  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& list, std::string* merged,
                         rocksdb::Logger* logger) const override {
    std::vector<absl::string_view> operands;
    operands.reserve(list.size());
    for (const rocksdb::Slice& operand : list) operands.push_back(ToView(operand));
    return MergeOperands(operands, merged);
  }

  // The name is stored: it stands for the format of the operands.
  const char* Name() const override { return "senvec.posting.1"; }
};

}  // namespace

std::shared_ptr<rocksdb::MergeOperator> MakePostingMergeOperator() { return std::make_shared<PostingMergeOperator>(); }

}  // namespace senvec
