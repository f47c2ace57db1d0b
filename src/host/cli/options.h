/* The options of all commands: their values, and which of them a command has. */
#ifndef VAE_CLI_OPTIONS_H
#define VAE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/files.h"
#include "cli/input.h"
#include "core/error.h"

enum { VAE_CLI_MAX_TEXTS = 64, VAE_CLI_MAX_PAIRS = 256 /* of ends, for strips */ };

/* Of an option that may be given several times. */
typedef struct vae_cli_texts {
    const char *values[VAE_CLI_MAX_TEXTS];
    int count;
} vae_cli_texts;

/* "-3:3:9": `count` numbers from `first` to `last`, evenly spaced; one number alone is also a range. */
typedef struct vae_cli_range {
    double first, last;
    int64_t count; /* 1 to 1000 */
} vae_cli_range;

/* Rows of the table, see option_table.h. A name of two kinds of values has two rows. */
typedef enum vae_cli_option {
    VAE_OPTION_END, /* of a command's list */
    VAE_OPTION_CONFIG,
    VAE_OPTION_SET,
    VAE_OPTION_RUN,
    VAE_OPTION_RUNS,
    VAE_OPTION_CHECKPOINT,
    VAE_OPTION_COMPARE,
    VAE_OPTION_DEVICE,
    VAE_OPTION_THREADS,
    VAE_OPTION_SEED,
    VAE_OPTION_QUIET,
    VAE_OPTION_FORCE,
    VAE_OPTION_OUT,
    VAE_OPTION_NPY,
    VAE_OPTION_PNG,
    VAE_OPTION_CODES,
    VAE_OPTION_LOG_VARIANCE,
    VAE_OPTION_NAMES,
    VAE_OPTION_SAVE_VECTOR,
    VAE_OPTION_ANIMATE,
    VAE_OPTION_PLOT,
    VAE_OPTION_JSON,
    VAE_OPTION_RESUME,
    VAE_OPTION_RESUME_FROM,
    VAE_OPTION_SHAPE,
    VAE_OPTION_COST,
    VAE_OPTION_MEASURE,
    VAE_OPTION_REPEATS,
    VAE_OPTION_INPUT,
    VAE_OPTION_CROP,
    VAE_OPTION_SIZE,
    VAE_OPTION_CHANNELS,
    VAE_OPTION_LAYOUT,
    VAE_OPTION_SPLIT,
    VAE_OPTION_INDICES,
    VAE_OPTION_INDEX,
    VAE_OPTION_COUNT,
    VAE_OPTION_FIRST,
    VAE_OPTION_LIMIT,
    VAE_OPTION_LIMIT_OR_ALL,
    VAE_OPTION_LABELS,
    VAE_OPTION_ATTRIBUTE,
    VAE_OPTION_LABEL,
    VAE_OPTION_CLASSES,
    VAE_OPTION_WITH,
    VAE_OPTION_WITHOUT,
    VAE_OPTION_VECTOR,
    VAE_OPTION_ATTRIBUTES,
    VAE_OPTION_TEST_ATTRIBUTES,
    VAE_OPTION_WITH_ORIGINALS,
    VAE_OPTION_PRIOR,
    VAE_OPTION_PRIOR_PAIRS,
    VAE_OPTION_MODE,
    VAE_OPTION_TEMPERATURE,
    VAE_OPTION_COMPONENTS,
    VAE_OPTION_NOISE,
    VAE_OPTION_STEPS,
    VAE_OPTION_DIMENSIONS,
    VAE_OPTION_FROM,
    VAE_OPTION_TO,
    VAE_OPTION_RANGE,
    VAE_OPTION_STRENGTH,
    VAE_OPTION_COLUMNS,
    VAE_OPTION_GRID,
    VAE_OPTION_FRAMES,
    VAE_OPTION_FPS,
    VAE_OPTION_BACK_AND_FORTH,
    VAE_OPTION_EXPLORER,
    VAE_OPTION_PICTURES,
    VAE_OPTION_SAMPLES,
    VAE_OPTION_BATCH_SIZE,
    VAE_OPTION_L2,
    VAE_OPTION_PART,
    VAE_OPTION_SHELL,
    VAE_OPTION_GREEDY,
    VAE_OPTION_BEAM,
    VAE_OPTION_TOP_K,
    VAE_OPTION_TOP_P,
    VAE_OPTION_MAX_LENGTH,
    VAE_OPTION_KEEP,
    VAE_OPTION_TEXT,
    VAE_OPTION_CODE,
    VAE_OPTION_COUNT_OF_ROWS
} vae_cli_option;

/* Values of choices, in the order in which the table lists their names. */
enum { VAE_CLI_FROM_LAST, VAE_CLI_FROM_BEST };
enum { VAE_CLI_PRIOR_STANDARD, VAE_CLI_PRIOR_AGGREGATE };
enum { VAE_CLI_CODE_BEGINNING, VAE_CLI_CODE_PRIOR };
enum { VAE_CLI_MODE_LINEAR, VAE_CLI_MODE_SPHERICAL };
enum { VAE_CLI_SHELL_BASH, VAE_CLI_SHELL_ZSH };
enum { VAE_CLI_PART_BOTH = 2 /* after those of vae_onnx_part */ };

/* Texts are NULL, and integers and choices -1, unless given. */
typedef struct vae_cli_options {
    /* A configuration, a trained model, or several, and where they run. */
    const char *config, *run, *checkpoint, *device;
    vae_cli_texts sets;          /* --set section.key=value */
    vae_cli_texts runs, compare; /* folders */
    int64_t seed, threads;
    /* What is written. */
    const char *out, *npy, *png, *codes, *log_variance, *names, *save_vector, *animate, *plot;
    /* Images that are looked at, and which of them. */
    vae_cli_input_options images; /* also the codes of decode */
    const char *indices, *labels; /* a list of numbers; a file */
    int64_t index, count, limit;
    const char *attribute, *label, *with, *without, *vector, *attributes, *test_attributes;
    /* How sequences are made, step by step, and of what they begin with. */
    double top_p;
    int64_t top_k, beams, max_length, keep;
    const char *text;
    /* How codes are found, and drawn. */
    double temperature;
    int64_t components, pairs, steps, dimensions;
    const char *from, *to; /* lists of numbers or of files */
    vae_cli_range range;   /* of values, or of strengths */
    int64_t columns, grid, frames, frame_rate, pictures;
    /* evaluate, probe, info */
    int64_t samples, batch_size;
    double l2;
    int64_t shape[3]; /* height, width, channels; zeros: not given */
    int64_t repeats;
    /* Choices; explorer is a vae_page_explorer. */
    int prior, mode, resume_from, part, explorer, shell, code;
    const char *default_picture; /* see vae_cli_default_picture() */
    /* What vae_cli_check_outputs() has looked at. */
    int file_count;
    const vae_cli_file *files;
    /* Flags. */
    bool quiet, force, json, resume, cost, measure, originals, back_and_forth, classes, noise, greedy;
    vae_kind kind;                        /* of the model that is named; images where none is */
    bool given[VAE_OPTION_COUNT_OF_ROWS]; /* on the command line, not by what the command starts from */
} vae_cli_options;

/* Kinds of models that an option is for, a bit each. */
enum {
    VAE_CLI_IMAGES = 1 << VAE_KIND_IMAGE,
    VAE_CLI_TEXTS = 1 << VAE_KIND_TEXT,
    VAE_CLI_DRAWINGS = 1 << VAE_KIND_DRAWING,
    VAE_CLI_MUSIC = 1 << VAE_KIND_MUSIC,
    VAE_CLI_TOKENS = VAE_CLI_TEXTS | VAE_CLI_MUSIC,
    VAE_CLI_SEQUENCES = VAE_CLI_TEXTS | VAE_CLI_DRAWINGS | VAE_CLI_MUSIC,
};

/* An option that a command has, and what it means by it where that is not all in the table. */
typedef struct vae_cli_pick {
    vae_cli_option option;
    int group;                   /* of the help text, which keeps groups apart */
    const char *initial;         /* the value unless given, as one would write it; NULL: none */
    const char *argument, *help; /* NULL: those of the table */
    unsigned kinds;              /* models of other kinds refuse it; 0: none do */
} vae_cli_pick;

/* What every command that runs something has. */
#define VAE_CLI_DEVICE_PICKS                                                                                           \
    {VAE_OPTION_DEVICE, .group = 10}, {VAE_OPTION_THREADS, .group = 10}, {VAE_OPTION_SEED, .group = 10},               \
    {                                                                                                                  \
        VAE_OPTION_QUIET, .group = 10                                                                                  \
    }
/* What commands have that take a configuration. */
#define VAE_CLI_CONFIG_PICKS                                                                                           \
    {VAE_OPTION_CONFIG, .group = 1}, {VAE_OPTION_SET, .group = 1},                                                     \
        {VAE_OPTION_OUT, .group = 1, .argument = "DIR",                                                                \
         .help = "run folder (runs/<name of the config> unless given)"},                                               \
        VAE_CLI_DEVICE_PICKS
/* What commands have that use a trained model; their --out, which has a file of its own, apart. */
#define VAE_CLI_MODEL_PICKS                                                                                            \
    {VAE_OPTION_RUN, .group = 1}, {VAE_OPTION_CHECKPOINT, .group = 1},                                                 \
        {VAE_OPTION_SET, .group = 1, .argument = "data.KEY=VALUE",                                                     \
         .help = "where the run's data are now: data.train_data=PATH, and so on"},                                     \
        {VAE_OPTION_FORCE, .group = 10}, VAE_CLI_DEVICE_PICKS
/* Of commands that make of a code the item that stands for it. */
#define VAE_CLI_CODE_TEMPERATURE                                                                                       \
    "of sequences: draw steps at this temperature; unless given, sentences are the likeliest word by word, and "       \
    "drawings "                                                                                                        \
    "are drawn at 0.1"

/* How a model of sequences chooses steps: all but a search, which takes no beginning. */
#define VAE_CLI_STEP_PICKS                                                                                             \
    {VAE_OPTION_GREEDY, .group = 4, .kinds = VAE_CLI_SEQUENCES},                                                       \
        {VAE_OPTION_TOP_K, .group = 4, .kinds = VAE_CLI_TOKENS},                                                       \
        {VAE_OPTION_TOP_P, .group = 4, .kinds = VAE_CLI_TOKENS},                                                       \
    {                                                                                                                  \
        VAE_OPTION_MAX_LENGTH, .group = 4, .kinds = VAE_CLI_SEQUENCES                                                  \
    }
#define VAE_CLI_DECODING_PICKS                                                                                         \
    VAE_CLI_STEP_PICKS,                                                                                                \
    {                                                                                                                  \
        VAE_OPTION_BEAM, .group = 4, .kinds = VAE_CLI_TEXTS                                                            \
    }
/* Images other than the run's. */
#define VAE_CLI_INPUT_PICKS                                                                                            \
    {VAE_OPTION_INPUT, .group = 2}, {VAE_OPTION_CROP, .group = 2, .kinds = VAE_CLI_IMAGES},                            \
        {VAE_OPTION_SIZE, .group = 2, .kinds = VAE_CLI_IMAGES},                                                        \
        {VAE_OPTION_CHANNELS, .group = 2, .kinds = VAE_CLI_IMAGES},                                                    \
    {                                                                                                                  \
        VAE_OPTION_LAYOUT, .group = 2, .kinds = VAE_CLI_IMAGES                                                         \
    }

/* "3,7,12" → at most `capacity` numbers of at least 0. */
vae_status vae_cli_parse_list(const char *option, const char *text, int64_t *values, int capacity, int *count);
double vae_cli_range_value(const vae_cli_range *range, int64_t index);

#endif
