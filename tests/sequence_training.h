/* Small models of sequences in training on any backend: five items, in a bucket of seven steps. */
#ifndef VAE_TESTS_SEQUENCE_TRAINING_H
#define VAE_TESTS_SEQUENCE_TRAINING_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "model/design.h"

#ifndef MUST
#define MUST(call) cr_assert_eq((call), VAE_OK, "%s: %s", #call, vae_error_message())
#endif

enum { ITEMS = 5, ROWS = 4, STEPS = 7, TOKENS = 6, STROKE = 5, MOST_ROWS = ITEMS * STEPS };

typedef struct sequence_case {
    const char *name, *set[8];
    vae_kind kind;
    int64_t present; /* rows of the batch that hold data */
} sequence_case;

static const sequence_case sequence_cases[] = {
    {"text, lstm", {"model.family=text_vae", "model.embedding=3"}, VAE_KIND_TEXT, 4},
    {"text, a short batch", {"model.family=text_vae", "model.embedding=3"}, VAE_KIND_TEXT, 3},
    {"text, gru both ways",
     {"model.family=text_vae", "model.embedding=3", "model.cell=gru", "model.bidirectional=yes"},
     VAE_KIND_TEXT,
     4},
    {"text, dropout",
     {"model.family=text_vae", "model.embedding=3", "model.word_dropout=0.3", "model.input_dropout=0.2",
      "model.output_dropout=0.2", "model.recurrent_dropout=0.2"},
     VAE_KIND_TEXT,
     4},
    {"text, scheduled sampling",
     {"model.family=text_vae", "model.embedding=3", "model.scheduled_sampling=0.6", "model.word_dropout=0.2",
      "model.output_dropout=0.2", "model.recurrent_dropout=0.2"},
     VAE_KIND_TEXT,
     3},
    {"text, scheduled sampling, gru",
     {"model.family=text_vae", "model.embedding=3", "model.scheduled_sampling=1", "model.cell=gru"},
     VAE_KIND_TEXT,
     4},
    {"text, KL above its floor",
     {"model.family=text_vae", "model.embedding=3", "train.kl_floor=0.001"},
     VAE_KIND_TEXT,
     3},
    {"text, free bits, a short batch",
     {"model.family=text_vae", "model.embedding=3", "train.free_bits=0.02"},
     VAE_KIND_TEXT,
     3},
    {"drawings", {"model.family=sketch_rnn", "model.components=2", "model.bidirectional=yes"}, VAE_KIND_DRAWING, 4},
    {"drawings, layer norm",
     {"model.family=sketch_rnn", "model.components=2", "model.cell=layer_norm_lstm"},
     VAE_KIND_DRAWING,
     3},
    {"drawings, decoder only",
     {"model.family=sketch_rnn", "model.components=2", "model.decoder_only=yes"},
     VAE_KIND_DRAWING,
     4},
    {"drawings, the published loss",
     {"model.family=sketch_rnn", "model.components=2", "model.pen_loss_over_padding=yes", "data.max_length=5"},
     VAE_KIND_DRAWING,
     4},
    {"music, two layers",
     {"model.family=music_vae", "model.embedding=3", "model.decoder_depth=2", "model.bidirectional=yes"},
     VAE_KIND_MUSIC,
     4},
    {"music, three layers of gru",
     {"model.family=music_vae", "model.embedding=3", "model.decoder_depth=3", "model.cell=gru"},
     VAE_KIND_MUSIC,
     3},
    {"music, a conductor",
     {"model.family=music_vae", "model.embedding=3", "model.conductor_units=5", "model.segment_steps=3"},
     VAE_KIND_MUSIC,
     3},
    {"music, a conductor of gru, sampling",
     {"model.family=music_vae", "model.embedding=3", "model.conductor_units=3", "model.segment_steps=2",
      "model.cell=gru", "model.decoder_depth=2", "model.scheduled_sampling=0.6"},
     VAE_KIND_MUSIC,
     4},
};

/* Of 2 to 7 rows, begin and end counted: the shortest holds nothing between. */
static const int64_t sequence_offsets[ITEMS + 1] = {0, 2, 9, 12, 17, 23};
static const int64_t sequence_whole_offsets[ITEMS + 1] = {0, 7, 14, 21, 28, 35};
static const int64_t sequence_order[ITEMS] = {3, 0, 4, 1, 2};

typedef struct sequence_run {
    vae_design design;
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
    vae_tensor held;  /* what kl_floor or free_bits make of the KL, or VAE_NO_TENSOR */
    vae_tensor drawn; /* ids of scheduled sampling, or VAE_NO_TENSOR */
    double drawn_ids[ROWS * STEPS];
    vae_step step;
    double *parameters;
    int32_t ids[MOST_ROWS];
    float strokes[MOST_ROWS * STROKE];
} sequence_run;

/* Then items are all of seven rows, a whole number of segments. */
static inline bool sequence_has_conductor(const sequence_case *c)
{
    bool has = false;
    for (int i = 0; i < 8 && c->set[i]; ++i)
        has = has || strstr(c->set[i], "conductor_units");
    return has;
}

static inline void sequence_fill(const int64_t *offsets, sequence_run *run)
{
    for (int i = 0; i < ITEMS; ++i) {
        for (int64_t row = offsets[i]; row < offsets[i + 1]; ++row) {
            const bool begin = row == offsets[i], end = row == offsets[i + 1] - 1;
            float *stroke = run->strokes + row * STROKE;
            run->ids[row] = begin ? 0 : end ? 1 : (int32_t)(2 + row * 7 % (TOKENS - 2));
            stroke[0] = begin || end ? 0.0f : (float)sin((double)row);
            stroke[1] = begin || end ? 0.0f : (float)cos(1.7 * (double)row);
            stroke[2 + (end ? 2 : begin ? 0 : row % 2)] = 1.0f;
        }
    }
}

static inline vae_tensor sequence_external(vae_program *program, const char *name)
{
    const vae_tensor tensor = vae_program_find(program, name);
    cr_assert_neq(tensor, VAE_NO_TENSOR, "no %s", name);
    vae_program_mark_external(program, tensor);
    return tensor;
}

/* The loss of a KL that is held up shows in no metric: its term is read. */
static inline void sequence_build(sequence_run *run, vae_part part)
{
    const vae_build build = {.role = VAE_ROLE_TRAIN, .part = part, .rows = ROWS, .steps = STEPS, .count = ITEMS};
    const vae_config *config = &run->design.config;
    const bool held = config->train.kl_floor > 0 || config->train.free_bits > 0;
    const bool drawn = run->design.traits.sampling > 0;
    run->held = run->drawn = VAE_NO_TENSOR;
    if (!held && !drawn) {
        MUST(vae_design_build(&run->design, build, &run->program));
        return;
    }
    vae_program_init(&run->program, "train", &run->design.layout);
    MUST(run->design.family->build(&run->design, &build, &run->program));
    if (held) run->held = sequence_external(&run->program, "kl_held");
    if (drawn) run->drawn = sequence_external(&run->program, "scheduled_sampling");
    MUST(vae_program_plan(&run->program));
}

/* One thread; the learning rate is 0. The caller writes the parameters to the store. */
static inline void sequence_open(const vae_backend *b, const sequence_case *c, vae_part part, sequence_run *run)
{
    const bool text = c->kind != VAE_KIND_DRAWING;
    const int64_t *offsets = sequence_has_conductor(c) ? sequence_whole_offsets : sequence_offsets;
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    const vae_input input = {.height = 1,
                             .width = 1,
                             .channels = text ? 1 : STROKE,
                             .scale = (text ? 1.0 : 0.7) / 255.0,
                             .dtype = text ? VAE_INT32 : VAE_FLOAT32,
                             .kind = c->kind,
                             .longest = STEPS,
                             .vocabulary = text ? TOKENS : 0};
    const vae_column column = {.values = text ? (const void *)run->ids : run->strokes,
                               .dtype = input.dtype,
                               .count = ITEMS,
                               .elements = input.channels,
                               .offsets = offsets,
                               .order = sequence_order};
    vae_config config;
    memset(run, 0, sizeof *run);
    sequence_fill(offsets, run);
    vae_config_defaults(&config);
    MUST(vae_config_set(&config, "model.encoder_units=3"));
    MUST(vae_config_set(&config, "model.decoder_units=4"));
    MUST(vae_config_set(&config, "model.latent=2"));
    for (int i = 0; i < 8 && c->set[i]; ++i)
        MUST(vae_config_set(&config, c->set[i]));
    MUST(vae_design_create(&config, &input, &run->design));
    sequence_build(run, part);
    MUST(b->device_open(&options, &run->device));
    MUST(b->store_create(run->device, &run->design.layout, true, &run->store));
    MUST(b->data_create(run->device, &column, &run->data));
    MUST(b->executable_create(run->device, &run->program, run->store, run->data, &run->executable));
    run->parameters = calloc((size_t)run->design.layout.elements, sizeof *run->parameters);
    vae_layout_initialise(&run->design.layout, 5, run->parameters);
    run->step = (vae_step){.seed = 3,
                           .step = 17,
                           .epoch = 2,
                           .first = ITEMS - c->present,
                           .rows = c->present,
                           .share = (double)ROWS / (double)c->present,
                           .beta = 0.7,
                           .sampling = run->design.traits.sampling,
                           .adam_step = 1};
}

static inline void sequence_close(sequence_run *run)
{
    const vae_backend *b = run->device->backend;
    b->executable_destroy(run->executable);
    b->data_destroy(run->data);
    b->store_destroy(run->store);
    b->device_close(run->device);
    vae_program_free(&run->program);
    vae_design_free(&run->design);
    free(run->parameters);
}

#endif
