# Everything comes from Debian packages through find_package; nothing is downloaded at configure time.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(absl REQUIRED CONFIG)
find_package(Protobuf REQUIRED)
find_package(gRPC REQUIRED CONFIG)
find_package(OpenMP REQUIRED)  # before faiss, whose config uses it without asking for it
find_package(faiss REQUIRED CONFIG)
find_package(roaring REQUIRED CONFIG)
find_package(RocksDB REQUIRED CONFIG)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_library(SENVEC_LAPACKE lapacke REQUIRED)
find_package(spdlog REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(ZLIB REQUIRED)

# What our own matrix products are measured against; only benchmarks/ uses it, where it is installed. Debian's
# dnnl-config.cmake insists on OpenCL headers that the CPU engine has no use for.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
find_library(DNNL_LIBRARY dnnl)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
  add_library(senvec_dnnl INTERFACE)
  target_include_directories(senvec_dnnl SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
  target_link_libraries(senvec_dnnl INTERFACE ${DNNL_LIBRARY})
endif()

find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(senvec_xxhash INTERFACE)
target_include_directories(senvec_xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_link_libraries(senvec_xxhash INTERFACE ${XXHASH_LIBRARY})

if(BUILD_TESTING)
  find_package(GTest REQUIRED CONFIG)
endif()
