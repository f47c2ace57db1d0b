/* The configuration: every key, its default and its range stand in one table, config_table.c. */
#ifndef VAE_CONFIG_CONFIG_H
#define VAE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/backend.h"
#include "config/layers.h"
#include "core/error.h"

enum { VAE_PATH_SIZE = 4096, VAE_MAX_KEYS = 256, VAE_MAX_PLACES = 6 };

/* Families of models, a file each in model/: see model/design.h. */
#define VAE_FAMILY_MAP(X)                                                                                              \
    X(VAE, vae)                                                                                                        \
    X(STUDENT_PRIOR, student_prior)                                                                                    \
    X(TEXT_VAE, text_vae)                                                                                              \
    X(SKETCH_RNN, sketch_rnn)                                                                                          \
    X(MUSIC_VAE, music_vae)
enum {
#define VAE_FAMILY_ROW(NAME, name) VAE_FAMILY_##NAME,
    VAE_FAMILY_MAP(VAE_FAMILY_ROW)
#undef VAE_FAMILY_ROW
        VAE_FAMILY_COUNT,
    VAE_FAMILY_VALUES = 1 << 13 /* bytes that the keys of one may take */
};
/* Groups of keys that several families share, a file each, config/<name>_keys.c: see config/key_group.h. */
#define VAE_KEY_GROUP_MAP(X) X(RECURRENT, recurrent) X(TOKEN, token)
enum {
#define VAE_KEY_GROUP_ROW(NAME, name) VAE_KEY_GROUP_##NAME,
    VAE_KEY_GROUP_MAP(VAE_KEY_GROUP_ROW)
#undef VAE_KEY_GROUP_ROW
        VAE_KEY_GROUP_COUNT,
    VAE_KEY_GROUP_VALUES = 1 << 10 /* bytes that the keys of one may take */
};
/* What an item of a data set is. */
typedef enum vae_kind {
    VAE_KIND_IMAGE,   /* an image, or any row of numbers: all of one shape */
    VAE_KIND_TEXT,    /* a sentence: ids of words, or of other tokens, from <bos> to <eos> */
    VAE_KIND_DRAWING, /* strokes: rows of dx, dy, pen down, pen up, end, from (0, 0, 1, 0, 0) to (0, 0, 0, 0, 1) */
    VAE_KIND_MUSIC, /* a part of a piece: ids of what happens at each step, behind a <bos>; it has no end of its own */
    VAE_KIND_COUNT
} vae_kind;
typedef enum vae_binarise { VAE_BINARISE_NONE, VAE_BINARISE_STATIC, VAE_BINARISE_DYNAMIC } vae_binarise;
/* unit: [0, 1]; symmetric: [-1, 1]; standard: mean 0, variance 1 over the training set */
typedef enum vae_normalise { VAE_NORMALISE_UNIT, VAE_NORMALISE_SYMMETRIC, VAE_NORMALISE_STANDARD } vae_normalise;
/* Of arrays of rank 4: [n, h, w, c] or [n, c, h, w] */
typedef enum vae_array_layout { VAE_CHANNELS_LAST, VAE_CHANNELS_FIRST } vae_array_layout;
/* What numbers become: bytes, the 256 levels of an image, or float32; auto: bytes where they look like an image's */
typedef enum vae_store_as { VAE_STORE_AUTO, VAE_STORE_BYTES, VAE_STORE_FLOAT32 } vae_store_as;
typedef enum vae_channels { VAE_CHANNELS_AUTO, VAE_CHANNELS_GREY, VAE_CHANNELS_RGB } vae_channels;
typedef enum vae_flip { VAE_FLIP_NONE, VAE_FLIP_HORIZONTAL } vae_flip;
/* Where images lie: in memory, or in a file that is mapped; auto: on disk if they take more than half of the memory */
typedef enum vae_storage { VAE_STORAGE_AUTO, VAE_STORAGE_MEMORY, VAE_STORAGE_DISK } vae_storage;
/* What an item of a text is cut into */
typedef enum vae_tokens { VAE_TOKENS_WORDS, VAE_TOKENS_CHARACTERS, VAE_TOKENS_BYTES } vae_tokens;
/* What of a piece of music is taken: each track but drums as a melody, one note at a time; or all drums together */
typedef enum vae_music_part { VAE_MUSIC_MELODY, VAE_MUSIC_DRUMS } vae_music_part;
/* Which bars: of 4/4 alone, or of any metre */
typedef enum vae_metre { VAE_METRE_COMMON, VAE_METRE_ANY } vae_metre;
typedef enum vae_schedule {
    VAE_SCHEDULE_CONSTANT,
    VAE_SCHEDULE_COSINE,
    VAE_SCHEDULE_STEP,
    VAE_SCHEDULE_EXPONENTIAL,
    VAE_SCHEDULE_PLATEAU
} vae_schedule;
/* How beta comes to its value: see train/schedule.h. */
typedef enum vae_kl_schedule { VAE_KL_LINEAR, VAE_KL_EXPONENTIAL, VAE_KL_CYCLICAL } vae_kl_schedule;

/* What to do about data that are not those of the run's record. */
typedef enum vae_record_mode { VAE_RECORD_IGNORE, VAE_RECORD_TELL, VAE_RECORD_FAIL } vae_record_mode;

/* Of keys that are yes or no. */
typedef enum vae_switch { VAE_NO, VAE_YES } vae_switch;

typedef struct vae_image_size {
    int64_t height, width; /* zeros: as the images are */
} vae_image_size;

/* Dimensions of the latent code: of z, or of several stochastic layers, from the one that the decoder reads up. */
enum { VAE_MAX_LATENTS = 8 };
typedef struct vae_latent_sizes {
    int64_t size[VAE_MAX_LATENTS];
    int32_t count; /* 1 or more */
} vae_latent_sizes;

typedef struct vae_decoder_layers {
    vae_layer_list layers;
    bool set; /* else the encoder is mirrored */
} vae_decoder_layers;

/* In place of a line: vae_config_set, vae_config_assign. */
enum { VAE_GIVEN_BY_SET = -1, VAE_GIVEN_OTHERWISE = -2 };

typedef struct vae_config {
    struct {
        int family;
        vae_layer_list encoder; /* layers = 400, or conv 32 k4 s2, dense 256 */
        vae_decoder_layers decoder;
        vae_latent_sizes latent;
        vae_activation activation;
        vae_likelihood likelihood;
        double variance;  /* σ² of the Gaussian likelihood */
        int64_t mixtures; /* components of logistic_mixture */
        /* Keys of each family; which struct that is, the family knows. */
        _Alignas(16) char own[VAE_FAMILY_COUNT][VAE_FAMILY_VALUES];
        _Alignas(16) char group[VAE_KEY_GROUP_COUNT][VAE_KEY_GROUP_VALUES]; /* likewise */
    } model;
    struct {
        char train_data[VAE_PATH_SIZE], train_labels[VAE_PATH_SIZE]; /* labels may be "" */
        char validation_data[VAE_PATH_SIZE]; /* "": the last `validation` of the training data */
        char test_data[VAE_PATH_SIZE], test_labels[VAE_PATH_SIZE];
        char train_attributes[VAE_PATH_SIZE], test_attributes[VAE_PATH_SIZE]; /* may be "" */
        char class_names[VAE_PATH_SIZE];                                      /* may be "" */
        int64_t validation; /* number of training images held out, from the end; 0: none */
        int64_t limit;      /* use only the first N training images, 0: all */
        int64_t test_limit;
        vae_binarise binarise;
        vae_normalise normalise;
        vae_store_as store;
        vae_array_layout layout;
        int64_t crop; /* side of the square cut from the middle before resizing, 0: none */
        vae_image_size size;
        vae_channels channels;
        vae_flip flip;           /* of training images, drawn anew at each step */
        vae_switch skip_damaged; /* pictures of a folder */
        vae_storage storage;
        char cache[VAE_PATH_SIZE]; /* folder for storage on disk; "" gives the user's cache folder */
        int64_t max_length;        /* of sequences: steps that are kept, 0: all */
        vae_tokens tokens;
        char vocabulary[VAE_PATH_SIZE]; /* of texts: a file of words; "": it is built from the training text */
        int64_t vocabulary_size;        /* words of it that are kept, 0: all */
        int64_t min_count;              /* times that a word must occur to be kept */
        double simplify;                /* of drawings made of points: what they may be off by; below 0: all points */
        vae_switch recognized;          /* of QuickDraw's drawings: only those that were recognized */
        double scale_jitter;            /* of training drawings: x and y are scaled by 1 + jitter·(2u - 1) each */
        double point_dropout;           /* likewise: how often a point is merged into the next */
        vae_music_part music_part;
        int64_t bars;              /* of an excerpt of music, of four quarters each */
        int64_t steps_per_quarter; /* to which notes are moved */
        vae_metre metre;
        int64_t transpose;      /* of training melodies: semitones by which each is also moved up and down */
        vae_switch deduplicate; /* of a part: excerpts that are the same as one before are left out */
    } data;
    struct {
        int64_t epochs, batch_size, seed;
        int64_t samples; /* of the posterior, an image and step: K of iwae and dreg */
        double learning_rate;
        vae_schedule schedule;
        int64_t warmup_steps;    /* learning rate rises linearly over these */
        int64_t schedule_epochs; /* step: multiply by schedule_factor whenever this many epochs have passed */
        double schedule_factor;
        double schedule_floor;                     /* cosine: final learning rate as a fraction */
        int64_t schedule_patience, schedule_drops; /* plateau: evaluations before a drop, and how many there are */
        double schedule_rate, schedule_minimum;    /* exponential: what each step leaves of the way to the minimum */
        double beta, beta_start;
        vae_kl_schedule kl_schedule;
        double kl_warmup_epochs;    /* linear: beta rises from beta_start over these; fractions allowed */
        double kl_rate;             /* exponential: what each step leaves of the way from beta_start to beta */
        int64_t kl_cycles;          /* cyclical */
        double kl_rise;             /* cyclical: the share of a cycle over which beta rises */
        double kl_floor, free_bits; /* nats, of the batch's mean KL and of each dimension: see model/kl_term.h */
        int64_t encoder_updates;    /* most of the encoder alone, ahead of each of the decoder; 0: both at once */
        double adam_beta1, adam_beta2, adam_epsilon, weight_decay, clip_value, clip_norm;
        int64_t patience;            /* early stopping: epochs without a better validation loss, 0: never */
        int64_t log_interval;        /* steps between metric lines */
        int64_t picture_interval;    /* epochs between pictures, 0: only after the last */
        int64_t checkpoint_interval; /* steps between `last` checkpoints, 0: only at the end of each epoch */
    } train;
    struct {
        char device[16];
        vae_precision precision;
        int64_t threads;         /* 0: all */
        vae_switch tune;         /* take the fastest algorithms of matrix products, on cuda */
        vae_switch tensorboard;  /* event files too */
        vae_switch fuse;         /* join elementwise ops */
        char out[VAE_PATH_SIZE]; /* run folder; "" gives runs/<name of the config file> */
    } run;
    struct {
        int64_t samples; /* K of the importance sampling */
        int64_t batch_size;
        int64_t limit; /* test images used, 0: all */
    } evaluate;
    /* What follows is not part of the configuration itself: where the relative paths of [data] are looked for, see
     * data/place.h, and which data of a run they must hold, see data/record.h. */
    struct {
        char folder[VAE_MAX_PLACES][VAE_PATH_SIZE];
        int32_t count;
        char record[VAE_PATH_SIZE]; /* "": none */
        bool of_run;                /* the data are those of a run, and may have moved since */
        vae_record_mode check;
        int64_t train_images; /* of a run that has no record; 0: not known */
        vae_store_as store;   /* what the run's data became, where data.store is auto; auto: not known */
    } places;
    /* Where the keys were given, for vae_config_blame. Empty of a configuration that a checkpoint holds. */
    struct {
        char file[VAE_PATH_SIZE];
        int32_t line[VAE_MAX_KEYS]; /* by row of the table; 0: a default; or one of the next */
    } source;
} vae_config;

void vae_config_defaults(vae_config *config);

/* Reads an INI file (core/ini.h), or a pipe to its end, over what `config` holds. VAE_ERROR_CONFIG with "file:line:
 * [section] key: …" for an unknown section or key (with the nearest valid name), a bad value (with what is allowed) or
 * a key given twice, by whichever of its names; also if the file cannot be read. */
vae_status vae_config_load(vae_config *config, const char *path);
/* The same from text; `source` stands in messages where the file name would. */
vae_status vae_config_parse(vae_config *config, const char *text, const char *source);
/* vae_config_load of a file that the program wrote into a run folder: what has no effect there is not refused by
 * vae_config_check. */
vae_status vae_config_load_saved(vae_config *config, const char *path);
/* "section.key=value", as --set takes it: the value is all that follows the '=', byte by byte, and quotes, ';' and '#'
 * are nothing special. As in "section.key = value", blanks behind the '=' do not count where one stands before it. */
vae_status vae_config_set(vae_config *config, const char *assignment);
/* The same in parts, without "--set" in messages. */
vae_status vae_config_assign(vae_config *config, const char *section, const char *name, const char *value);
/* Checks what no single key can see: keys that the family, or data of its kind, have not, or that belong to a schedule
 * which is not chosen, where they were given; likelihood against binarise and normalise, … VAE_ERROR_CONFIG with the
 * key and its place. */
vae_status vae_config_check(const vae_config *config);
/* For `check` of a family that has one stochastic layer. */
vae_status vae_config_check_one_latent(const vae_config *config);

/* Puts where the key was given, "file:line: " or "--set: ", before this thread's message, for failures that show only
 * where what the key names is used; gives `status`. A default, or what an option of its own gave, changes nothing. */
vae_status vae_config_blame(const vae_config *config, vae_status status, const char *section, const char *name);
/* For checks: VAE_ERROR_CONFIG with "place: [section] name: …". Of a key that is a default the place is the file. */
#define vae_config_refuse(config, section, name, ...)                                                                  \
    vae_failure((vae_config_fault(config, section, name, __VA_ARGS__), VAE_ERROR_CONFIG))
__attribute__((format(printf, 4, 5))) void vae_config_fault(const vae_config *config, const char *section,
                                                            const char *name, const char *format, ...);

/* The whole configuration as INI text that vae_config_parse reads back to the same values; caller frees. */
vae_status vae_config_format(const vae_config *config, char **text);
/* Every key with its default and meaning, for --help=config; caller frees. */
vae_status vae_config_help(char **text);

#endif
