/* The table of keys: each row has a key's section, name, type, field, range, default and help. */
#include "config/config_table.h"

#include <stdio.h>
#include <string.h>

#include "config/family_keys.h"
#include "config/key_group.h"

static const char *const families[] = {
#define ROW(NAME, name) #name,
    VAE_FAMILY_MAP(ROW)
#undef ROW
        NULL};
static const char *const likelihoods[] = {
#define ROW(NAME, name) #name,
    VAE_LIKELIHOOD_MAP(ROW) VAE_COMPOSED_MAP(ROW)
#undef ROW
        NULL};
static const char *const binarisations[] = {"none", "static", "dynamic", NULL};
static const char *const normalisations[] = {"unit", "symmetric", "standard", NULL};
static const char *const channels[] = {"auto", "grey", "rgb", NULL};
static const char *const stores[] = {"auto", "bytes", "float32", NULL};
static const char *const layouts[] = {"channels_last", "channels_first", NULL};
static const char *const flips[] = {"none", "horizontal", NULL};
static const char *const tokens[] = {"words", "characters", "bytes", NULL};
static const char *const music_parts[] = {"melody", "drums", NULL};
static const char *const metres[] = {"4/4", "any", NULL};
static const char *const storages[] = {"auto", "memory", "disk", NULL};
static const char *const schedules[] = {"constant", "cosine", "step", "exponential", "plateau", NULL};
static const char *const kl_schedules[] = {"linear", "exponential", "cyclical", NULL};
static const char *const precisions[] = {"auto", "fp32", "tf32", "bf16", NULL};
static const char *const switches[] = {"no", "yes", NULL};
static const char *const devices[] = {"auto", "cpu", "reference", "cuda", NULL};
static const char *const activations[] = {
#define ROW(NAME, name, ...) #name,
    VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
        NULL};

#define FIELD(member) offsetof(vae_config, member)
/* Behind the help: .alias, .kinds, .needs and .values, where a key has them. */
enum {
    IMAGES = 1 << VAE_KIND_IMAGE,
    TEXTS = 1 << VAE_KIND_TEXT,
    DRAWINGS = 1 << VAE_KIND_DRAWING,
    MUSIC = 1 << VAE_KIND_MUSIC,
    SEQUENCES = TEXTS | DRAWINGS | MUSIC
};
#define OF_SCHEDULE(choices) .needs = "schedule", .values = (choices)
#define OF_KL_SCHEDULE(choice) .needs = "kl_schedule", .values = 1 << (choice)
enum {
    COSINE = 1 << VAE_SCHEDULE_COSINE,
    STEP = 1 << VAE_SCHEDULE_STEP,
    EXPONENTIAL = 1 << VAE_SCHEDULE_EXPONENTIAL,
    PLATEAU = 1 << VAE_SCHEDULE_PLATEAU
};
#define INTEGER(section, name, member, low, high, initial, ...)                                                        \
    {                                                                                                                  \
        section, name, VAE_KEY_INTEGER, FIELD(member), low, high, NULL, initial, .help = __VA_ARGS__                   \
    }
#define REAL(section, name, member, low, high, initial, ...)                                                           \
    {                                                                                                                  \
        section, name, VAE_KEY_REAL, FIELD(member), low, high, NULL, initial, .help = __VA_ARGS__                      \
    }
#define CHOICE(section, name, member, choices, initial, ...)                                                           \
    {                                                                                                                  \
        section, name, VAE_KEY_CHOICE, FIELD(member), 0, 0, choices, initial, .help = __VA_ARGS__                      \
    }
#define TEXT(section, name, member, initial, ...)                                                                      \
    {                                                                                                                  \
        section, name, VAE_KEY_TEXT, FIELD(member), 0, VAE_PATH_SIZE, NULL, initial, .help = __VA_ARGS__               \
    }
#define LAYERS(section, name, member, initial, ...)                                                                    \
    {                                                                                                                  \
        section, name, VAE_KEY_LAYERS, FIELD(member), 0, 0, NULL, initial, .help = __VA_ARGS__                         \
    }

/* clang-format off */
static const vae_key keys[] = {
    CHOICE("model", "family", model.family, families, "vae", "what kind of model; the last keys of [model] are those of one family"),
    LAYERS("model", "layers", model.encoder, "400", "the encoder's hidden layers: dense 256 (or 256), conv 32 k4 s2, residual k3, dropout 0.1, …, with batch_norm or layer_norm; or none", .kinds = IMAGES),
    {"model", "decoder_layers", VAE_KEY_DECODER, FIELD(model.decoder), 0, 0, NULL, "mirrored", .help = "the decoder's hidden layers, also dense 7x7x64, deconv 32 k4 s2, upsample 2; none; or mirrored: the encoder's undone in reverse", .kinds = IMAGES},
    {"model", "latent", VAE_KEY_LATENT, FIELD(model.latent), 1, 1 << 20, NULL, "20", .help = "dimensions of the latent code z; of several stochastic layers, such as 100, 50, from the one that the decoder reads"},
    CHOICE("model", "activation", model.activation, activations, "relu", "activation of the hidden layers", .kinds = IMAGES),
    CHOICE("model", "likelihood", model.likelihood, likelihoods, "bernoulli", "p(x|z); mse: squared error, summed over pixels", .kinds = IMAGES),
    REAL("model", "variance", model.variance, 1e-12, 1e12, "1", "sigma^2 of the gaussian likelihood", .kinds = IMAGES),
    INTEGER("model", "mixtures", model.mixtures, 1, VAE_MAX_MIXTURES, "5", "components of the logistic_mixture likelihood", .kinds = IMAGES),

    TEXT("data", "train_data", data.train_data, "", "training data: an IDX, NPY or NPZ file (file.npz:key takes an array other than images), a text file of rows of numbers such as CSV, or a folder of pictures, its subfolders being classes; of texts a file with one sentence per line; of drawings an NPZ file of stroke-3 arrays, QuickDraw's .ndjson, SVG, or a folder of these", .alias = "train_images"),
    TEXT("data", "train_labels", data.train_labels, "", "their labels: IDX, NPY, NPZ, or CSV, by which a folder's pictures are found by name; used by pictures and probes only"),
    TEXT("data", "train_attributes", data.train_attributes, "", "their attributes: CSV, or CelebA's list; used by arithmetic and probe only"),
    TEXT("data", "validation_data", data.validation_data, "", "data of their own for validation, instead of the last of the training data"),
    TEXT("data", "test_data", data.test_data, "", "test data", .alias = "test_images"),
    TEXT("data", "test_labels", data.test_labels, "", "their labels"),
    TEXT("data", "test_attributes", data.test_attributes, "", "their attributes"),
    TEXT("data", "class_names", data.class_names, "", "what labels are called: a text file with one name per line, from label 0 on, or CSV of label (or folder) and name"),
    INTEGER("data", "validation", data.validation, 0, 1e12, "0", "training images held out for validation, from the end; 0, and no validation_data: the test set is watched instead"),
    INTEGER("data", "limit", data.limit, 0, 1e12, "0", "use only the first N training images; 0: all"),
    INTEGER("data", "test_limit", data.test_limit, 0, 1e12, "0", "use only the first N test images; 0: all"),
    CHOICE("data", "binarise", data.binarise, binarisations, "none", "pixel -> Bernoulli(pixel / 255): static once, dynamic anew at each step", .kinds = IMAGES),
    CHOICE("data", "normalise", data.normalise, normalisations, "unit", "unit: [0, 1], other numbers than levels as they are; symmetric: [-1, 1]; standard: mean 0, variance 1, of other numbers column by column", .kinds = IMAGES),
    CHOICE("data", "store", data.store, stores, "auto", "what numbers of an array become: bytes, the levels of an image; float32, as they are; auto: bytes for those that look like an image's", .kinds = IMAGES),
    CHOICE("data", "layout", data.layout, layouts, "channels_last", "of arrays of rank 4: channels_last is [n, h, w, c], channels_first is [n, c, h, w]", .kinds = IMAGES),
    INTEGER("data", "crop", data.crop, 0, 1 << 16, "0", "first cut a square, this many pixels a side, from the middle of each image; 0: none", .kinds = IMAGES),
    {"data", "size", VAE_KEY_SIZE, FIELD(data.size), 1, 4096, NULL, "original", .help = "then cut to this shape, height x width, and resize by the mean of areas", .kinds = IMAGES},
    CHOICE("data", "channels", data.channels, channels, "auto", "auto: as stored; grey or rgb", .kinds = IMAGES),
    CHOICE("data", "flip", data.flip, flips, "none", "horizontal: mirror each training image with probability 1/2, anew at each step", .kinds = IMAGES),
    CHOICE("data", "skip_damaged", data.skip_damaged, switches, "no", "of a folder's pictures: leave out, count and report those that cannot be decoded, instead of stopping", .kinds = IMAGES),
    CHOICE("data", "storage", data.storage, storages, "auto", "memory; disk: decode once to a file that is mapped into memory; auto: disk if the images take more than half of memory"),
    TEXT("data", "cache", data.cache, "", "folder of such files; vae-cuda in $XDG_CACHE_HOME or ~/.cache unless set"),
    INTEGER("data", "max_length", data.max_length, 0, 1 << 16, "0", "steps that are kept of each text or drawing, longer ones are cut; 0: all", .kinds = TEXTS | DRAWINGS),
    CHOICE("data", "tokens", data.tokens, tokens, "words", "what a line of text is cut into: words, which blanks separate; characters; bytes, of any encoding", .kinds = TEXTS),
    TEXT("data", "vocabulary", data.vocabulary, "", "a file of the tokens that are known, one per line; built from the training text unless set", .kinds = TEXTS),
    INTEGER("data", "vocabulary_size", data.vocabulary_size, 0, 1 << 24, "0", "keep only the N most frequent tokens, of a file the first N; others become <unk>; 0: all", .kinds = TEXTS),
    INTEGER("data", "min_count", data.min_count, 1, 1e12, "1", "tokens that occur less often in the training text become <unk>", .kinds = TEXTS),
    REAL("data", "simplify", data.simplify, -1, 1e6, "2", "of SVG and QuickDraw's raw drawings, whose larger side is 255: leave out points that are no farther than this from a line between others (Ramer, Douglas and Peucker); -1: keep all", .kinds = DRAWINGS),
    CHOICE("data", "recognized", data.recognized, switches, "yes", "of QuickDraw's .ndjson files: only drawings that were recognized", .kinds = DRAWINGS),
    REAL("data", "scale_jitter", data.scale_jitter, 0, 0.99, "0", "scale x and y of each training drawing by a factor between 1 - this and 1 + this, anew at each step", .kinds = DRAWINGS),
    REAL("data", "point_dropout", data.point_dropout, 0, 0.99, "0", "how often a point of a training drawing is left out, the way to it being added to the next, anew at each step", .kinds = DRAWINGS),
    CHOICE("data", "music_part", data.music_part, music_parts, "melody", "what of a MIDI file is taken: melody, every track but drums, one note at a time; drums, all of them together", .kinds = MUSIC),
    INTEGER("data", "bars", data.bars, 1, 1024, "2", "bars of an excerpt, of four quarters each", .kinds = MUSIC),
    INTEGER("data", "steps_per_quarter", data.steps_per_quarter, 1, 96, "4", "steps of a quarter, to which beginnings and ends of notes are moved", .kinds = MUSIC),
    CHOICE("data", "metre", data.metre, metres, "4/4", "4/4: excerpts of other metres are left out; any: excerpts of any metre, as long as those of 4/4, begin at each of its bars", .kinds = MUSIC),
    INTEGER("data", "transpose", data.transpose, 0, 60, "0", "training melodies are also taken so many semitones up and down, one by one, where no note leaves the 88 keys", .kinds = MUSIC),
    CHOICE("data", "deduplicate", data.deduplicate, switches, "yes", "an excerpt that is the same as one before is left out", .kinds = MUSIC),

    INTEGER("train", "epochs", train.epochs, 0, 1e9, "10", "passes over the training images"),
    INTEGER("train", "batch_size", train.batch_size, 1, 1 << 20, "128", "images per step"),
    INTEGER("train", "samples", train.samples, 1, 1 << 16, "1", "samples of z per image and step: K of iwae and dreg; vae averages over them", .kinds = IMAGES),
    INTEGER("train", "seed", train.seed, 0, 9007199254740992.0, "1", "seed of initial parameters, order and noise"),
    REAL("train", "learning_rate", train.learning_rate, 0, 1e6, "0.001", "of Adam"),
    CHOICE("train", "schedule", train.schedule, schedules, "constant", "of the learning rate"),
    INTEGER("train", "warmup_steps", train.warmup_steps, 0, 1e12, "0", "steps over which the learning rate rises from 0"),
    INTEGER("train", "schedule_epochs", train.schedule_epochs, 1, 1e9, "10", "step: epochs between two drops", OF_SCHEDULE(STEP)),
    REAL("train", "schedule_factor", train.schedule_factor, 0, 1, "0.5", "step, plateau: factor applied at each drop", OF_SCHEDULE(STEP | PLATEAU)),
    REAL("train", "schedule_floor", train.schedule_floor, 0, 1, "0", "cosine: last learning rate as a fraction of the first", OF_SCHEDULE(COSINE)),
    INTEGER("train", "schedule_patience", train.schedule_patience, 1, 1e9, "2", "plateau: epochs without a better validation loss before the rate drops and training goes on from the best epoch", OF_SCHEDULE(PLATEAU)),
    INTEGER("train", "schedule_drops", train.schedule_drops, 0, 1e6, "10", "plateau: drops, after which the next plateau ends the training", OF_SCHEDULE(PLATEAU)),
    REAL("train", "schedule_rate", train.schedule_rate, 0, 1, "0.9999", "exponential: each step leaves so much of what the rate is above schedule_minimum", OF_SCHEDULE(EXPONENTIAL)),
    REAL("train", "schedule_minimum", train.schedule_minimum, 0, 1e6, "1e-05", "exponential: the rate that is approached", OF_SCHEDULE(EXPONENTIAL)),
    REAL("train", "beta", train.beta, 0, 1e6, "1", "weight of the KL term"),
    REAL("train", "beta_start", train.beta_start, 0, 1e6, "0", "beta in the first step, where kl_warmup_epochs or kl_schedule have it change"),
    CHOICE("train", "kl_schedule", train.kl_schedule, kl_schedules, "linear", "how beta comes from beta_start to its value: linear over kl_warmup_epochs; exponential; cyclical, several times"),
    REAL("train", "kl_warmup_epochs", train.kl_warmup_epochs, 0, 1e9, "0", "linear: epochs over which beta rises from beta_start", OF_KL_SCHEDULE(VAE_KL_LINEAR)),
    REAL("train", "kl_rate", train.kl_rate, 0, 0.9999999999, "0.99995", "exponential: each step leaves so much of the way from beta_start to beta", OF_KL_SCHEDULE(VAE_KL_EXPONENTIAL)),
    INTEGER("train", "kl_cycles", train.kl_cycles, 1, 1e9, "4", "cyclical: cycles into which the training is cut", OF_KL_SCHEDULE(VAE_KL_CYCLICAL)),
    REAL("train", "kl_rise", train.kl_rise, 1e-6, 1, "0.5", "cyclical: share of each cycle over which beta rises, before it stays", OF_KL_SCHEDULE(VAE_KL_CYCLICAL)),
    REAL("train", "kl_floor", train.kl_floor, 0, 1e6, "0", "nats below which the batch's mean KL costs no less; 0: none"),
    REAL("train", "free_bits", train.free_bits, 0, 1e6, "0", "nats below which the batch's mean KL of each dimension costs no less; 0: none"),
    INTEGER("train", "encoder_updates", train.encoder_updates, 0, 1e6, "0", "most updates of the encoder alone ahead of each update of the decoder, until the mutual information of x and z falls; 0: both at once", .kinds = SEQUENCES),
    REAL("train", "adam_beta1", train.adam_beta1, 0, 0.9999999, "0.9", "decay of Adam's first moment"),
    REAL("train", "adam_beta2", train.adam_beta2, 0, 0.9999999, "0.999", "decay of Adam's second moment"),
    REAL("train", "adam_epsilon", train.adam_epsilon, 1e-30, 1, "1e-08", "added to Adam's denominator"),
    REAL("train", "weight_decay", train.weight_decay, 0, 1e3, "0", "decoupled weight decay (AdamW)"),
    REAL("train", "clip_value", train.clip_value, 0, 1e12, "0", "largest size of each number of the gradient, before clip_norm; 0: no clipping"),
    REAL("train", "clip_norm", train.clip_norm, 0, 1e12, "0", "largest global gradient norm; 0: no clipping"),
    INTEGER("train", "patience", train.patience, 0, 1e9, "0", "stop after N epochs without a better validation loss; 0: never"),
    INTEGER("train", "log_interval", train.log_interval, 1, 1e12, "100", "steps between two lines of metrics"),
    INTEGER("train", "picture_interval", train.picture_interval, 0, 1e9, "1", "epochs between pictures; 0: only after the last"),
    INTEGER("train", "checkpoint_interval", train.checkpoint_interval, 0, 1e12, "0", "steps between checkpoints; 0: only after each epoch"),

    {"run", "device", VAE_KEY_TEXT, FIELD(run.device), 0, 16, devices, "auto", .help = "auto, cpu, reference or cuda"},
    CHOICE("run", "precision", run.precision, precisions, "auto", "of matrix products; parameters are always fp32. auto: tf32 on cuda, fp32 elsewhere"),
    INTEGER("run", "threads", run.threads, 0, 1024, "0", "0: one for each processor available"),
    CHOICE("run", "tune", run.tune, switches, "no", "on cuda, try out before training which algorithms of matrix products are the fastest, and record them in products.json and ~/.cache/vae-cuda; no effect elsewhere"),
    CHOICE("run", "tensorboard", run.tensorboard, switches, "no", "also write metrics and pictures as TensorBoard's event files, to <run folder>/tensorboard"),
    CHOICE("run", "fuse", run.fuse, switches, "yes", "join neighbouring elementwise operations; the result is the same to the bit"),
    TEXT("run", "out", run.out, "", "run folder; runs/<name of the config file> unless set"),

    INTEGER("evaluate", "samples", evaluate.samples, 1, 1e9, "5000", "K of the importance sampling", .kinds = IMAGES),
    INTEGER("evaluate", "batch_size", evaluate.batch_size, 1, 1 << 20, "500", "images at a time"),
    INTEGER("evaluate", "limit", evaluate.limit, 0, 1e12, "0", "use only the first N images; 0: all"),
};
/* clang-format on */

/* ---- All keys: those of families and groups stand behind the other keys of [model], which come first ---- */

enum { KEYS = sizeof keys / sizeof *keys, OWNERS = VAE_FAMILY_COUNT + VAE_KEY_GROUP_COUNT };

static const vae_family_keys *const family_keys[VAE_FAMILY_COUNT] = {
#define ROW(NAME, name) &vae_family_keys_##name,
    VAE_FAMILY_MAP(ROW)
#undef ROW
};
static const vae_key_group *const key_groups[VAE_KEY_GROUP_COUNT] = {
#define ROW(NAME, name) &vae_key_group_##name,
    VAE_KEY_GROUP_MAP(ROW)
#undef ROW
};

const vae_family_keys *vae_family_keys_of(int family)
{
    return family_keys[family];
}

const vae_key_group *vae_key_group_of(int group)
{
    return key_groups[group];
}

static int model_keys(void)
{
    int count = 0;
    while (strcmp(keys[count].section, "model") == 0)
        ++count;
    return count;
}

/* Owners are the families, then the groups. */
static int owned_keys(int owner)
{
    return owner < VAE_FAMILY_COUNT ? family_keys[owner]->count : key_groups[owner - VAE_FAMILY_COUNT]->count;
}

static int all_owned_keys(void)
{
    int count = 0;
    for (int i = 0; i < OWNERS; ++i)
        count += owned_keys(i);
    return count;
}

int vae_config_key_count(void)
{
    return KEYS + all_owned_keys();
}

int vae_config_key_find(const char *section, const char *name)
{
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (strcmp(key->section, section) == 0 && vae_key_is_called(key, name)) return i;
    }
    return -1;
}

typedef struct place {
    int owner; /* -1: none */
    int index; /* among its keys, or those of the table */
} place;

static place place_of(int index)
{
    place at = {0, index - model_keys()};
    if (at.index < 0) return (place){-1, index};
    for (; at.owner < OWNERS; at.index -= owned_keys(at.owner++)) {
        if (at.index < owned_keys(at.owner)) return at;
    }
    return (place){-1, index - all_owned_keys()};
}

const vae_key *vae_config_key(int index)
{
    const place at = place_of(index);
    if (at.owner < 0) return &keys[at.index];
    if (at.owner < VAE_FAMILY_COUNT) return &family_keys[at.owner]->keys[at.index];
    return &key_groups[at.owner - VAE_FAMILY_COUNT]->keys[at.index];
}

/* Where the struct begins that holds the key's value, from the configuration's start. */
static size_t base_of(int owner)
{
    if (owner < 0) return 0;
    if (owner < VAE_FAMILY_COUNT) return FIELD(model.own) + (size_t)owner * VAE_FAMILY_VALUES;
    return FIELD(model.group) + (size_t)(owner - VAE_FAMILY_COUNT) * VAE_KEY_GROUP_VALUES;
}

void *vae_config_field(vae_config *config, int index)
{
    return (char *)config + base_of(place_of(index).owner) + vae_config_key(index)->offset;
}

const void *vae_config_value(const vae_config *config, int index)
{
    return (const char *)config + base_of(place_of(index).owner) + vae_config_key(index)->offset;
}

/* ---- Who has them ---- */

static bool family_has(int family, int owner)
{
    if (owner < VAE_FAMILY_COUNT) return owner < 0 || owner == family;
    return (family_keys[family]->groups >> (owner - VAE_FAMILY_COUNT) & 1) != 0;
}

bool vae_config_has_key(const vae_config *config, int index)
{
    const int family = config->model.family;
    return family_has(family, place_of(index).owner) && vae_key_is_of(vae_config_key(index), family_keys[family]->kind);
}

bool vae_config_key_is_idle(const vae_config *config, int index)
{
    const vae_key *key = vae_config_key(index);
    if (!key->needs) return false;
    const int needed = vae_config_key_find(key->section, key->needs);
    const void *value = vae_config_value(config, needed);
    if (key->values == 0) return vae_key_is_initial(vae_config_key(needed), value);
    return !(key->values >> *(const int *)value & 1);
}

bool vae_config_key_is_owned(int index)
{
    return place_of(index).owner >= 0;
}

void vae_config_key_families(int index, char *text, size_t size)
{
    const int owner = place_of(index).owner;
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < VAE_FAMILY_COUNT && used < size; ++i) {
        if (!family_has(i, owner)) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", family_keys[i]->name);
    }
}

bool vae_config_key_begins_section(int index)
{
    return index == 0 || strcmp(vae_config_key(index - 1)->section, vae_config_key(index)->section) != 0;
}

const char *vae_config_key_begins_owner(int index)
{
    const place at = place_of(index);
    if (at.owner < 0 || at.index > 0) return NULL;
    return at.owner < VAE_FAMILY_COUNT ? family_keys[at.owner]->summary
                                       : key_groups[at.owner - VAE_FAMILY_COUNT]->summary;
}
