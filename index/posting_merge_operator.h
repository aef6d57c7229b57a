#pragma once

#include <memory>

namespace rocksdb {
class MergeOperator;
}

namespace senvec {

// RocksDB's way to index/filter/posting.h: bitmaps of row numbers, changed without being read. Internal to the store.
std::shared_ptr<rocksdb::MergeOperator> MakePostingMergeOperator();

}  // namespace senvec
