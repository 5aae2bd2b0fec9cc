# LibTorch from the `torch` package of RAKI_PYTHON, as imported targets of our own: find_package(Torch) stops where the
# package was built with CUDA and no nvcc is installed, and links the CUDA libraries into every program.
#   torch_cpu_part    libtorch_cpu, libc10
#   torch_cuda_part   libtorch_cuda, libc10_cuda (for libraki_cuda.so only)
#   torch_openmp      the OpenMP runtime that LibTorch computes on, for its functions (omp.h)

execute_process(
  COMMAND ${RAKI_PYTHON} -c "import importlib.util, importlib.metadata as m; print(importlib.util.find_spec('torch').submodule_search_locations[0] + ';' + m.version('torch'))"
  OUTPUT_VARIABLE torch_found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE torch_error RESULT_VARIABLE torch_status)
if(NOT torch_status EQUAL 0)
  message(FATAL_ERROR "No torch package in ${RAKI_PYTHON}: ${torch_error}\nPass -DRAKI_PYTHON=/path/to/python (jobs/quickstart sets one up).")
endif()
list(GET torch_found 0 RAKI_TORCH_DIR)
list(GET torch_found 1 RAKI_TORCH_VERSION)
message(STATUS "LibTorch ${RAKI_TORCH_VERSION} in ${RAKI_TORCH_DIR}")

function(raki_import_torch name library)
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${RAKI_TORCH_DIR}/lib/${library})
  target_include_directories(${name} SYSTEM INTERFACE
    ${RAKI_TORCH_DIR}/include ${RAKI_TORCH_DIR}/include/torch/csrc/api/include)
endfunction()

raki_import_torch(torch_c10 libc10.so)
raki_import_torch(torch_cpu_only libtorch_cpu.so)
add_library(torch_cpu_part INTERFACE)
target_link_libraries(torch_cpu_part INTERFACE torch_cpu_only torch_c10)

# With a runtime of our own beside it, neither would know of the other's threads.
file(GLOB gomp_of_torch ${RAKI_TORCH_DIR}/lib/libgomp*.so* ${RAKI_TORCH_DIR}/../torch.libs/libgomp*.so*)
add_library(torch_openmp INTERFACE)
if(gomp_of_torch)
  target_link_libraries(torch_openmp INTERFACE ${gomp_of_torch})
else()
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  target_link_libraries(torch_openmp INTERFACE $<LINK_ONLY:OpenMP::OpenMP_CXX>)
endif()

if(RAKI_CUDA AND EXISTS ${RAKI_TORCH_DIR}/lib/libtorch_cuda.so)
  raki_import_torch(torch_c10_cuda libc10_cuda.so)
  raki_import_torch(torch_cuda_only libtorch_cuda.so)
  add_library(torch_cuda_part INTERFACE)
  target_link_libraries(torch_cuda_part INTERFACE torch_cuda_only torch_c10_cuda torch_cpu_part)
elseif(RAKI_CUDA)
  message(FATAL_ERROR "RAKI_CUDA is ON but ${RAKI_TORCH_DIR} is a CPU-only LibTorch. Pass -DRAKI_CUDA=OFF.")
endif()
# For jobs/cluster/bundle, which must ask for the same LibTorch on the machine it is carried to.
file(WRITE ${PROJECT_BINARY_DIR}/generated/torch_version "${RAKI_TORCH_VERSION}\n")
