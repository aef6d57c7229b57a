# libtorch, for training and for inference on a GPU. Looked for by its files, not through TorchConfig.cmake: Debian's
# asks for protobuf, OpenCV and OpenMP flags for everything that follows, and that of a build with CUDA asks for a CUDA
# toolkit even where only its CPU half is linked. Another libtorch than the system's is found through CMAKE_PREFIX_PATH,
# which may name its root or the folder of its TorchConfig.cmake.
set(SENVEC_TORCH AUTO CACHE STRING "Build what needs libtorch (senvec-train, senvec-serve): AUTO = where it is found, ON, OFF")
set_property(CACHE SENVEC_TORCH PROPERTY STRINGS AUTO ON OFF)

set(SENVEC_HAS_TORCH OFF)
if(NOT SENVEC_TORCH STREQUAL "OFF")
  set(SENVEC_TORCH_ROOTS)
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
    list(APPEND SENVEC_TORCH_ROOTS ${prefix} ${prefix}/../.. ${prefix}/../../..)
  endforeach()
  find_path(SENVEC_TORCH_INCLUDE_DIR ATen/ATen.h HINTS ${SENVEC_TORCH_ROOTS} PATH_SUFFIXES include)
  find_path(SENVEC_TORCH_API_DIR torch/types.h HINTS ${SENVEC_TORCH_INCLUDE_DIR}/torch/csrc/api/include)
  find_library(SENVEC_TORCH_CPU_LIBRARY torch_cpu HINTS ${SENVEC_TORCH_ROOTS} PATH_SUFFIXES lib)
  find_library(SENVEC_C10_LIBRARY c10 HINTS ${SENVEC_TORCH_ROOTS} PATH_SUFFIXES lib)
  find_library(SENVEC_TORCH_CUDA_LIBRARY torch_cuda HINTS ${SENVEC_TORCH_ROOTS} PATH_SUFFIXES lib)
  mark_as_advanced(SENVEC_TORCH_INCLUDE_DIR SENVEC_TORCH_API_DIR SENVEC_TORCH_CPU_LIBRARY SENVEC_C10_LIBRARY
                   SENVEC_TORCH_CUDA_LIBRARY)
  if(SENVEC_TORCH_INCLUDE_DIR AND SENVEC_TORCH_API_DIR AND SENVEC_TORCH_CPU_LIBRARY AND SENVEC_C10_LIBRARY)
    set(SENVEC_HAS_TORCH ON)
    add_library(senvec_torch INTERFACE)
    target_include_directories(senvec_torch SYSTEM INTERFACE ${SENVEC_TORCH_INCLUDE_DIR} ${SENVEC_TORCH_API_DIR})
    target_link_libraries(senvec_torch INTERFACE ${SENVEC_TORCH_CPU_LIBRARY} ${SENVEC_C10_LIBRARY})
    # libtorch finds its own libraries by its run path; the linker need not.
    target_link_options(senvec_torch INTERFACE -Wl,--allow-shlib-undefined)
    if(SENVEC_TORCH_CUDA_LIBRARY)
      # Registers itself when it is loaded; nothing of ours calls into it.
      target_link_options(senvec_torch INTERFACE -Wl,--push-state,--no-as-needed ${SENVEC_TORCH_CUDA_LIBRARY}
                          -Wl,--pop-state)
    endif()
    message(STATUS "libtorch: ${SENVEC_TORCH_CPU_LIBRARY}")
  elseif(SENVEC_TORCH STREQUAL "ON")
    message(FATAL_ERROR "SENVEC_TORCH is ON, but there is no libtorch; install libtorch-dev or name one in "
                        "CMAKE_PREFIX_PATH")
  else()
    message(STATUS "libtorch: not found, senvec-train and senvec-serve are left out")
  endif()
endif()
