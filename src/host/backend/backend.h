/* What a backend is: a table of functions that hold parameters and data and run programs.
 *
 * Ownership: whoever creates a device, store, data or executable destroys it, in reverse order; destroy accepts NULL.
 * A device is used by one thread at a time. */
#ifndef VAE_BACKEND_BACKEND_H
#define VAE_BACKEND_BACKEND_H

#include "program/program.h"

/* int32: numbers of words and the like, in data sets of sequences only. */
typedef enum vae_dtype { VAE_UINT8, VAE_FLOAT32, VAE_FLOAT64, VAE_INT32 } vae_dtype;
size_t vae_dtype_size(vae_dtype dtype);

/* Of matrix products; everything else, parameters included, is float32. auto: tf32 on cuda, fp32 elsewhere. */
typedef enum vae_precision {
    VAE_PRECISION_AUTO,
    VAE_PRECISION_FP32,
    VAE_PRECISION_TF32,
    VAE_PRECISION_BF16
} vae_precision;

/* The four arenas of one layout. */
typedef enum vae_arena {
    VAE_ARENA_PARAMETERS,
    VAE_ARENA_GRADIENTS,
    VAE_ARENA_FIRST_MOMENT,
    VAE_ARENA_SECOND_MOMENT,
    VAE_ARENA_COUNT
} vae_arena;

/* Everything that changes from run to run. Noise and order are functions of these, so a step can be run again. */
typedef struct vae_step {
    uint64_t seed;
    uint64_t step;     /* counts noise: global training step, or batch number within an evaluation */
    uint64_t epoch;    /* keys the shuffle */
    int64_t first;     /* position in the epoch of the batch's first row */
    int64_t first_row; /* of the whole batch, that the step begins with: counts noise; 0 unless runs share a batch */
    /* Rows of the batch that hold data: sequences come in programs of few shapes, and a short batch fills the rows that
     * are left with sequences of no steps. 0: all. */
    int64_t rows;
    double share;    /* rows of the program / rows: makes means over a short batch right. 0: 1 */
    double beta;     /* weight of the KL term */
    double sampling; /* scheduled sampling: share of the tokens that a decoder reads from its own predictions */
    double learning_rate;
    uint64_t adam_step; /* 1 for the first update: bias correction */
} vae_step;

/* A data set: count items, each a row of `elements` numbers, image levels in bytes or anything else in float32; or each
 * a sequence of such rows, which int32 numbers may be, too. */
typedef struct vae_column {
    const void *values; /* borrowed, as all it points to; must outlive what the backend makes of it */
    vae_dtype dtype;    /* VAE_UINT8, VAE_FLOAT32 or VAE_INT32 */
    int64_t count;
    int64_t elements;
    const int64_t
        *offsets; /* [count + 1]: sequence i is rows offsets[i] … offsets[i + 1] - 1. NULL: an item is one row */
    const int64_t *order; /* [count]: the items by length, as programs of one length take them. NULL: as they come */
} vae_column;

/* Hears what a device found and did about it: "encoder.0: …: algorithm 66, split-K 3, fails: …; takes the next". */
typedef struct vae_device_remarks {
    void *context;
    void (*tell)(void *context, const char *text); /* NULL: nobody listens */
} vae_device_remarks;

/* Which of several equivalent algorithms a device takes; results differ in their last bits. */
typedef struct vae_device_choices {
    bool tune;         /* measure them, and take the fastest */
    const char *file;  /* JSON: what it holds is taken, and choices_keep() writes it; NULL: none */
    const char *cache; /* folder of such files with what was measured before, one a kind of device; NULL: none */
} vae_device_choices;

typedef struct vae_device_options {
    int threads; /* 0: all available */
    vae_precision precision;
    vae_device_remarks remarks; /* must hear until the device is closed */
    vae_device_choices choices;
} vae_device_options;

typedef struct vae_backend vae_backend;

enum { VAE_CHOICE_SIZE = 160 };

/* Each backend's own struct begins with this one. */
typedef struct vae_device {
    const vae_backend *backend;
    char choice[VAE_CHOICE_SIZE]; /* why "auto" took it: "auto: this machine has no NVIDIA driver"; else "" */
} vae_device;

typedef struct vae_store vae_store;           /* parameters and, for training, gradients and moments */
typedef struct vae_data vae_data;             /* a data set where the device can read it */
typedef struct vae_executable vae_executable; /* a program bound to a store, ready to run */

/* How a GPU computes a product, in cuBLASLt's own numbers where they are such. Texts are constants. */
typedef struct vae_measured_product {
    const char *product;           /* which of its op's: "forward", "weight gradient" */
    const char *epilogue, *wanted; /* what it carries, and would if no algorithm had been refused: "bias, relu" */
    int64_t m, n, k;
    int32_t algorithm, tile, stages, split_k;
    int32_t passed_over; /* algorithms that came first and failed */
    int64_t workspace_bytes;
    /* The largest difference, at places here and there, from sums that the host took in double of the same operands, as
     * a share of the sum of the terms' magnitudes; and what roundings of this precision explain. */
    double error, explained;
} vae_measured_product;

/* One line of a measured step: an op, on a GPU a launch, or what surrounds them. All times are seconds of one step. */
typedef struct vae_measured_part {
    const char *kind; /* a constant: "dense", "matmul" */
    int32_t op;       /* to which it belongs, index in the program; -1: to the step as a whole */
    double seconds;
    double median_seconds;
    vae_cost cost;
    int32_t nodes;                /* of a graph that holds nothing else; 0 where there are no graphs */
    vae_measured_product product; /* epilogue is NULL where it is none */
} vae_measured_part;

/* How long a training step and its parts take. `seconds` are means over the middle half of the timed steps, ordered by
 * how long each took as a whole: what disturbs some steps is left out, and parts add up. Medians of parts do not, as
 * each comes from other steps: where other processes take turns with this one, their sum may be a third of a step. */
typedef struct vae_measurement {
    vae_measured_part *parts; /* [count], in the order they run; owned */
    int32_t count;
    int64_t repeats;     /* steps that were timed part by part */
    double step_seconds; /* a whole step as a trainer runs it, its metrics read where a trainer reads them */
    double step_median_seconds;
    /* Of a GPU; "" and NAN elsewhere. */
    char hardware[80];     /* its name, as the driver gives it */
    double replay_seconds; /* a step's graph on the device, one after the other */
    double event_seconds;  /* what the events around a part add to its time: that of a part that does nothing */
} vae_measurement;
void vae_measurement_free(vae_measurement *measurement);

typedef struct vae_measure_plan {
    vae_step (*next_step)(void *context); /* as many as are asked for */
    void *context;
    int64_t warm_up;       /* steps that do not count */
    int64_t repeats;       /* see vae_measurement */
    int64_t read_interval; /* steps after which a trainer reads the metrics where they are deferred */
} vae_measure_plan;

struct vae_backend {
    const char *name; /* "cpu" */
    vae_dtype dtype;  /* of its arithmetic and of its checkpoints: FLOAT64 for reference, else FLOAT32 */
    /* metrics_take waits for the device, so a trainer calls it once per log interval; else it may after every step. */
    bool deferred_metrics;

    vae_status (*device_open)(const vae_device_options *options, vae_device **device);
    void (*device_close)(vae_device *device);
    /* One line for the log: "2 threads, AVX-512, oneDNN 2.6.3, fp32"; owned by the device. */
    const char *(*device_describe)(vae_device *device);

    /* Whether ops of this kind run by a kernel of the backend's own; else they run the reference's, which is slow.
     * NULL: all do. */
    bool (*has_kernel)(vae_op_kind kind);

    /* Writes choices.file, now and whenever there is something new to choose. NULL: the backend has no choices. */
    vae_status (*choices_keep)(vae_device *device);

    /* All arenas start as zeros. `training` false: no gradients, no moments. */
    vae_status (*store_create)(vae_device *device, const vae_layout *layout, bool training, vae_store **store);
    /* Executables of a store must be gone. */
    void (*store_destroy)(vae_store *store);
    /* Executables of a store share the memory of their activations, one arena: that of programs with as many
     * activation_elements is made now, so that it need not grow while programs are added. */
    vae_status (*store_reserve)(vae_store *store, int64_t activation_elements);
    /* Whole arena of layout->elements elements of `dtype`. */
    vae_status (*store_read)(vae_store *store, vae_arena arena, vae_dtype dtype, void *values);
    vae_status (*store_write)(vae_store *store, vae_arena arena, vae_dtype dtype, const void *values);

    vae_status (*data_create)(vae_device *device, const vae_column *column, vae_data **data);
    void (*data_destroy)(vae_data *data);

    /* `program` must be planned and outlive the executable. data may be NULL for programs without a gather.
     * Everything is allocated and every primitive created here; a run allocates nothing. */
    vae_status (*executable_create)(vae_device *device, const vae_program *program, vae_store *store, vae_data *data,
                                    vae_executable **executable);
    void (*executable_destroy)(vae_executable *executable);
    vae_status (*executable_run)(vae_executable *executable, const vae_step *step);
    /* Runs the step again op by op, without `adam`, and names the first tensor that holds a NaN or an infinity:
     * parameters first, then outputs in program order. name is "" if all are finite. */
    vae_status (*executable_find_nonfinite)(vae_executable *executable, const vae_step *step, char *name, size_t size);
    /* Runs steps, which train as any others do, and times them: some as a trainer runs them and, in turn with these,
     * plan->repeats part by part. On failure nothing is to be freed. */
    vae_status (*executable_measure)(vae_executable *executable, const vae_measure_plan *plan,
                                     vae_measurement *measurement);
    /* Whole tensors marked external (in tests, any tensor right after a run that still holds it). A run of another
     * executable of the store spoils them: write before each run, and read right after it. */
    vae_status (*tensor_read)(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, void *values);
    vae_status (*tensor_write)(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, const void *values);
    /* Copies the VAE_METRIC_COUNT sums since the last reset, and resets them. */
    vae_status (*metrics_take)(vae_executable *executable, double *sums);
};

extern const vae_backend vae_backend_reference;
extern const vae_backend vae_backend_cpu;
extern const vae_backend vae_backend_cuda; /* in builds with CUDA only */

/* name: "auto", "cpu", "reference", "cuda". A backend that is not in this build, or a device that is not in this
 * machine, is VAE_ERROR_DEVICE with a message that says which is missing. "auto" takes cuda where it works, else cpu,
 * and says why in device->choice. */
vae_status vae_device_open(const char *name, const vae_device_options *options, vae_device **device);

#endif
