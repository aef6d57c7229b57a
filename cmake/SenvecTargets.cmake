# One call a room: senvec_library(NAME …) and senvec_test(file …).
add_library(senvec_flags INTERFACE)
target_compile_features(senvec_flags INTERFACE cxx_std_20)
target_compile_definitions(senvec_flags INTERFACE SENVEC_VERSION="${PROJECT_VERSION}")
target_compile_options(senvec_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                       -Wno-unused-parameter
                       -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about std::string's own code (GCC bug 105651).
  target_compile_options(senvec_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(senvec_flags INTERFACE -Wthread-safety)
endif()

if(SENVEC_SANITIZE)
  # For the whole build, so that tests and libraries agree.
  add_compile_options(-fsanitize=${SENVEC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # g++ 12's maybe-uninitialized cannot see through the instrumentation.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_link_options(-fsanitize=${SENVEC_SANITIZE})
endif()

if(SENVEC_FUZZ)
  # Coverage for libFuzzer, in the rooms under test as well as in the targets.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# What sanitized tests run with; see tests/tsan.supp.
if(SENVEC_SANITIZE STREQUAL "thread")
  set(SENVEC_TEST_ENVIRONMENT
      "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")
endif()

# senvec_library(NAME index_vector SRCS a.cc DEPS senvec::base PRIVATE_DEPS BLAS::BLAS)
# Headers are included from the project's root: "index/vector/vector_index.h".
function(senvec_library)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(senvec_${ARG_NAME} STATIC ${ARG_SRCS})
  add_library(senvec::${ARG_NAME} ALIAS senvec_${ARG_NAME})
  target_compile_features(senvec_${ARG_NAME} PUBLIC cxx_std_20)
  target_include_directories(senvec_${ARG_NAME} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(senvec_${ARG_NAME} PUBLIC ${ARG_DEPS} PRIVATE senvec_flags ${ARG_PRIVATE_DEPS})
endfunction()

# senvec_test(tokenizer_test.cc DEPS senvec::encoder_tokenizer LABELS unit)
# SENVEC_TESTDATA is the folder `testdata` beside the test; SENVEC_SOURCE_DIR the project's root.
function(senvec_test src)
  cmake_parse_arguments(ARG "" "" "DEPS;LABELS" ${ARGN})
  get_filename_component(name ${src} NAME_WE)
  add_executable(${name} ${src})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    SENVEC_TESTDATA="${CMAKE_CURRENT_SOURCE_DIR}/testdata" SENVEC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE senvec_flags ${ARG_DEPS} GTest::gmock_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 1500
                       ENVIRONMENT "${SENVEC_TEST_ENVIRONMENT}")
endfunction()
