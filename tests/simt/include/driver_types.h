/* Error codes, enumerations and structures of the CUDA runtime, with CUDA's numbers. */
#ifndef SIMT_DRIVER_TYPES_H
#define SIMT_DRIVER_TYPES_H

#include "vector_types.h"
#include <stddef.h>

#define SIMT_CUDA_ERROR_MAP(XX)                                                                                        \
    XX(cudaSuccess, 0, "no error")                                                                                     \
    XX(cudaErrorInvalidValue, 1, "invalid argument")                                                                   \
    XX(cudaErrorMemoryAllocation, 2, "out of memory")                                                                  \
    XX(cudaErrorInitializationError, 3, "initialization error")                                                        \
    XX(cudaErrorInvalidConfiguration, 9, "invalid configuration argument")                                             \
    XX(cudaErrorInvalidSymbol, 13, "invalid device symbol")                                                            \
    XX(cudaErrorInvalidHostPointer, 16, "invalid host pointer")                                                        \
    XX(cudaErrorInvalidDevicePointer, 17, "invalid device pointer")                                                    \
    XX(cudaErrorInvalidMemcpyDirection, 21, "invalid copy direction for memcpy")                                       \
    XX(cudaErrorInsufficientDriver, 35, "driver version is insufficient for runtime version")                          \
    XX(cudaErrorDevicesUnavailable, 46, "all devices are busy or unavailable")                                         \
    XX(cudaErrorInvalidDeviceFunction, 98, "invalid device function")                                                  \
    XX(cudaErrorNoDevice, 100, "no device is detected")                                                                \
    XX(cudaErrorInvalidDevice, 101, "invalid device ordinal")                                                          \
    XX(cudaErrorInvalidKernelImage, 200, "device kernel image is invalid")                                             \
    XX(cudaErrorNoKernelImageForDevice, 209, "no kernel image is available for execution on the device")               \
    XX(cudaErrorECCUncorrectable, 214, "uncorrectable ECC error encountered")                                          \
    XX(cudaErrorInvalidResourceHandle, 400, "invalid resource handle")                                                 \
    XX(cudaErrorNotReady, 600, "device not ready")                                                                     \
    XX(cudaErrorIllegalAddress, 700, "an illegal memory access was encountered")                                       \
    XX(cudaErrorLaunchOutOfResources, 701, "too many resources requested for launch")                                  \
    XX(cudaErrorLaunchTimeout, 702, "the launch timed out and was terminated")                                         \
    XX(cudaErrorAssert, 710, "device-side assert triggered")                                                           \
    XX(cudaErrorHostMemoryAlreadyRegistered, 712, "memory is already registered")                                      \
    XX(cudaErrorHostMemoryNotRegistered, 713, "memory is not registered")                                              \
    XX(cudaErrorHardwareStackError, 714, "hardware stack error")                                                       \
    XX(cudaErrorIllegalInstruction, 715, "an illegal instruction was encountered")                                     \
    XX(cudaErrorMisalignedAddress, 716, "misaligned address")                                                          \
    XX(cudaErrorLaunchFailure, 719, "unspecified launch failure")                                                      \
    XX(cudaErrorNotPermitted, 800, "operation not permitted")                                                          \
    XX(cudaErrorNotSupported, 801, "operation not supported")                                                          \
    XX(cudaErrorSystemDriverMismatch, 803, "display and CUDA driver versions do not match")                            \
    XX(cudaErrorStreamCaptureUnsupported, 900, "operation not permitted when stream is capturing")                     \
    XX(cudaErrorStreamCaptureInvalidated, 901, "operation failed due to a previous error during capture")              \
    XX(cudaErrorStreamCaptureMerge, 902, "capture would merge two independent captures")                               \
    XX(cudaErrorStreamCaptureUnmatched, 903, "capture was not begun in this stream")                                   \
    XX(cudaErrorStreamCaptureUnjoined, 904, "capturing stream has unjoined work")                                      \
    XX(cudaErrorStreamCaptureIsolation, 905, "dependency across the boundary of a capture")                            \
    XX(cudaErrorStreamCaptureImplicit, 906, "operation would make the legacy stream depend on a capturing stream")     \
    XX(cudaErrorCapturedEvent, 907, "operation not permitted on an event last recorded in a capturing stream")         \
    XX(cudaErrorStreamCaptureWrongThread, 908, "capture was begun by another thread")                                  \
    XX(cudaErrorUnknown, 999, "unknown error")

enum cudaError {
#define SIMT_ENUMERATOR(name, value, message) name = value,
    SIMT_CUDA_ERROR_MAP(SIMT_ENUMERATOR)
#undef SIMT_ENUMERATOR
};
typedef enum cudaError cudaError_t;

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphNode_st *cudaGraphNode_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;
typedef void (*cudaHostFn_t)(void *user_data);

enum cudaMemcpyKind {
    cudaMemcpyHostToHost = 0,
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault = 4
};

enum cudaMemoryType {
    cudaMemoryTypeUnregistered = 0,
    cudaMemoryTypeHost = 1,
    cudaMemoryTypeDevice = 2,
    cudaMemoryTypeManaged = 3
};

struct cudaPointerAttributes {
    enum cudaMemoryType type;
    int device;
    void *devicePointer;
    void *hostPointer;
};

enum cudaStreamCaptureMode {
    cudaStreamCaptureModeGlobal = 0,
    cudaStreamCaptureModeThreadLocal = 1,
    cudaStreamCaptureModeRelaxed = 2
};

enum cudaStreamCaptureStatus {
    cudaStreamCaptureStatusNone = 0,
    cudaStreamCaptureStatusActive = 1,
    cudaStreamCaptureStatusInvalidated = 2
};

enum cudaGraphNodeType {
    cudaGraphNodeTypeKernel = 0,
    cudaGraphNodeTypeMemcpy = 1,
    cudaGraphNodeTypeMemset = 2,
    cudaGraphNodeTypeHost = 3,
    cudaGraphNodeTypeGraph = 4,
    cudaGraphNodeTypeEmpty = 5,
    cudaGraphNodeTypeWaitEvent = 6,
    cudaGraphNodeTypeEventRecord = 7
};

enum cudaFuncAttribute {
    cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
    cudaFuncAttributePreferredSharedMemoryCarveout = 9
};

struct cudaFuncAttributes {
    size_t sharedSizeBytes;
    size_t constSizeBytes;
    size_t localSizeBytes;
    int maxThreadsPerBlock;
    int numRegs;
    int ptxVersion;
    int binaryVersion;
    int cacheModeCA;
    int maxDynamicSharedSizeBytes;
    int preferredShmemCarveout;
};

enum cudaDeviceAttr {
    cudaDevAttrMaxThreadsPerBlock = 1,
    cudaDevAttrMaxBlockDimX = 2,
    cudaDevAttrMaxBlockDimY = 3,
    cudaDevAttrMaxBlockDimZ = 4,
    cudaDevAttrMaxGridDimX = 5,
    cudaDevAttrMaxGridDimY = 6,
    cudaDevAttrMaxGridDimZ = 7,
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrTotalConstantMemory = 9,
    cudaDevAttrWarpSize = 10,
    cudaDevAttrMaxRegistersPerBlock = 12,
    cudaDevAttrClockRate = 13,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrIntegrated = 18,
    cudaDevAttrCanMapHostMemory = 19,
    cudaDevAttrConcurrentKernels = 31,
    cudaDevAttrMemoryClockRate = 36,
    cudaDevAttrGlobalMemoryBusWidth = 37,
    cudaDevAttrL2CacheSize = 38,
    cudaDevAttrMaxThreadsPerMultiProcessor = 39,
    cudaDevAttrAsyncEngineCount = 40,
    cudaDevAttrUnifiedAddressing = 41,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxRegistersPerMultiprocessor = 82,
    cudaDevAttrManagedMemory = 83,
    cudaDevAttrCooperativeLaunch = 95,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
    cudaDevAttrMaxBlocksPerMultiprocessor = 106,
    cudaDevAttrMemoryPoolsSupported = 115
};

struct cudaDeviceProp {
    char name[256];
    size_t totalGlobalMem;
    size_t sharedMemPerBlock;
    int regsPerBlock;
    int warpSize;
    size_t memPitch;
    int maxThreadsPerBlock;
    int maxThreadsDim[3];
    int maxGridSize[3];
    size_t totalConstMem;
    int major;
    int minor;
    int multiProcessorCount;
    int integrated;
    int canMapHostMemory;
    int concurrentKernels;
    int ECCEnabled;
    int pciBusID;
    int pciDeviceID;
    int pciDomainID;
    int asyncEngineCount;
    int unifiedAddressing;
    int memoryBusWidth;
    int l2CacheSize;
    int persistingL2CacheMaxSize;
    int maxThreadsPerMultiProcessor;
    size_t sharedMemPerMultiprocessor;
    int regsPerMultiprocessor;
    int managedMemory;
    int cooperativeLaunch;
    size_t sharedMemPerBlockOptin;
    int maxBlocksPerMultiProcessor;
    size_t reservedSharedMemPerBlock;
};

typedef enum cudaLaunchAttributeID {
    cudaLaunchAttributeIgnore = 0,
    cudaLaunchAttributeCooperative = 2,
    cudaLaunchAttributeClusterDimension = 4,
    cudaLaunchAttributeProgrammaticStreamSerialization = 6,
    cudaLaunchAttributePriority = 8
} cudaLaunchAttributeID;

typedef union cudaLaunchAttributeValue {
    char pad[64];
    int cooperative;
    struct {
        unsigned int x, y, z;
    } clusterDim;
    int programmaticStreamSerializationAllowed;
    int priority;
} cudaLaunchAttributeValue;

typedef struct cudaLaunchAttribute_st {
    cudaLaunchAttributeID id;
    char pad[8 - sizeof(cudaLaunchAttributeID)];
    cudaLaunchAttributeValue val;
} cudaLaunchAttribute;

typedef struct cudaLaunchConfig_st {
    dim3 gridDim;
    dim3 blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned int numAttrs;
} cudaLaunchConfig_t;

#define cudaHostAllocDefault 0x00
#define cudaHostAllocPortable 0x01
#define cudaHostAllocMapped 0x02
#define cudaHostAllocWriteCombined 0x04
#define cudaHostRegisterDefault 0x00
#define cudaHostRegisterPortable 0x01
#define cudaHostRegisterMapped 0x02
#define cudaHostRegisterReadOnly 0x08
#define cudaStreamDefault 0x00
#define cudaStreamNonBlocking 0x01
#define cudaStreamLegacy ((cudaStream_t)0x1)
#define cudaEventDefault 0x00
#define cudaEventBlockingSync 0x01
#define cudaEventDisableTiming 0x02
#define cudaEventRecordDefault 0x00
#define cudaEventRecordExternal 0x01
#define cudaEventWaitDefault 0x00

#endif
