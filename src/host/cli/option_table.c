/* The table of options: each row has an option's name, its argument, type, field, range and help. */
#include "cli/option_table.h"

static const char *const resume_points[] = {"last", "best", NULL};
static const char *const priors[] = {"standard", "aggregate", NULL};
static const char *const modes[] = {"linear", "spherical", NULL};
static const char *const parts[] = {"encoder", "decoder", "both", NULL};
static const char *const code_sources[] = {"beginning", "prior", NULL};
static const char *const shells[] = {"bash", "zsh", NULL};
static const char *const splits[] = {"test", "validation", "train", NULL};
static const char *const explorers[] = {"auto", "always", "never", NULL};

#define FIELD(member) .offset = offsetof(vae_cli_options, member)
#define FLAG(member) FIELD(member), .type = VAE_VALUE_FLAG
#define TEXT(member) FIELD(member), .type = VAE_VALUE_TEXT
#define TEXTS(member) FIELD(member), .type = VAE_VALUE_TEXTS
#define INTEGER(member, low, high) FIELD(member), .type = VAE_VALUE_INTEGER, .least = (low), .most = (high)
#define REAL(member, low, high) FIELD(member), .type = VAE_VALUE_REAL, .minimum = (low), .maximum = (high)
#define CHOICE(member, names) FIELD(member), .type = VAE_VALUE_CHOICE, .choices = (names)
#define RANGE(member) FIELD(member), .type = VAE_VALUE_RANGE
#define SHAPE(member) FIELD(member), .type = VAE_VALUE_SHAPE

/* clang-format off */
const vae_cli_row vae_cli_option_table[VAE_OPTION_COUNT_OF_ROWS] = {
    [VAE_OPTION_CONFIG] = {"config", "FILE", "the experiment's INI file; may be a pipe", TEXT(config)},
    [VAE_OPTION_SET] = {"set", "SECTION.KEY=VALUE", "override one key; all that follows '=' is its value; may be repeated", TEXTS(sets)},
    [VAE_OPTION_RUN] = {"run", "DIR", "a run folder: its best checkpoint, else its last", TEXT(run)},
    [VAE_OPTION_RUNS] = {"run", "DIR", "a run folder; given several times, one figure compares them", TEXTS(runs)},
    [VAE_OPTION_CHECKPOINT] = {"checkpoint", "FILE", "a checkpoint file", TEXT(checkpoint)},
    [VAE_OPTION_COMPARE] = {"compare", "DIR", "another run for the same page; may be given several times", TEXTS(compare)},
    [VAE_OPTION_DEVICE] = {"device", "NAME", "auto, cpu, reference or cuda", TEXT(device), .key = "run.device"},
    [VAE_OPTION_THREADS] = {"threads", "N", "CPU threads; 0: one for each processor available", INTEGER(threads, 0, 1024)},
    [VAE_OPTION_SEED] = {"seed", "N", "seed of all random numbers", INTEGER(seed, 0, (int64_t)1 << 53)},
    [VAE_OPTION_QUIET] = {"quiet", NULL, "print warnings and errors only", FLAG(quiet)},
    [VAE_OPTION_FORCE] = {"force", NULL, "replace existing files", FLAG(force)},
    [VAE_OPTION_OUT] = {"out", "FILE", "what to write", TEXT(out)},

    [VAE_OPTION_NPY] = {"npy", "FILE", "also write the images as a float32 array, .npy or .csv", TEXT(npy)},
    [VAE_OPTION_PNG] = {"png", "FILE", "also draw the images as a grid", TEXT(png)},
    [VAE_OPTION_CODES] = {"codes", "FILE", "also write the codes as a float32 array, .npy or .csv", TEXT(codes)},
    [VAE_OPTION_LOG_VARIANCE] = {"log-variance", "FILE", "also write log σ² of each code", TEXT(log_variance)},
    [VAE_OPTION_NAMES] = {"names", "FILE", "a table (CSV) that says which image each row belongs to: its index and, where it has them, file, class and, for the run's own images, label; codes.csv beside codes.npy, and codes-names.csv beside codes.csv, unless given", TEXT(names)},
    [VAE_OPTION_SAVE_VECTOR] = {"save-vector", "FILE", "also write the difference as float32 .npy", TEXT(save_vector)},
    [VAE_OPTION_ANIMATE] = {"animate", "FILE", "also write an animation (APNG), all pairs side by side", TEXT(animate)},
    [VAE_OPTION_PLOT] = {"plot", "PREFIX", "draw the KL of each dimension into PREFIX.png and PREFIX.svg, or into one of them", TEXT(plot)},
    [VAE_OPTION_JSON] = {"json", NULL, "print one JSON object", FLAG(json)},

    [VAE_OPTION_RESUME] = {"resume", NULL, "go on with the run in --out from its last checkpoint; needs no --config", FLAG(resume)},
    [VAE_OPTION_RESUME_FROM] = {"from", "last|best", "with --resume: best goes on from the best checkpoint and keeps what came after it under another name; last goes on even if the best is missing", CHOICE(resume_from, resume_points)},

    [VAE_OPTION_SHAPE] = {"shape", "HxWxC", "shape of an image, instead of the data set's", SHAPE(shape)},
    [VAE_OPTION_COST] = {"cost", NULL, "count what a GPU would do in a step: launches, traffic, roofline", FLAG(cost)},
    [VAE_OPTION_MEASURE] = {"measure", NULL, "time real training steps on --device, op by op", FLAG(measure)},
    [VAE_OPTION_REPEATS] = {"repeats", "N", "with --measure: steps timed op by op; unless given, 3 seconds' worth, and on a GPU 200", INTEGER(repeats, 1, 100000)},

    [VAE_OPTION_INPUT] = {"input", "WHAT", "images to use instead of the run's: a folder, an array (.npy, .npz or .npz:KEY, IDX) or a picture, brought to the model's shape by the run's [data] keys crop, size, channels and layout. A folder's pictures come in the order of their names; if its subfolders are classes, these are interleaved evenly", TEXT(images.input)},
    [VAE_OPTION_CROP] = {"crop", "N", "with --input: instead of the run's key crop (see --help-config)", TEXT(images.crop)},
    [VAE_OPTION_SIZE] = {"size", "HxW", "with --input: instead of the run's key size", TEXT(images.size)},
    [VAE_OPTION_CHANNELS] = {"channels", "NAME", "with --input: instead of the run's key channels", TEXT(images.channels), .key = "data.channels"},
    [VAE_OPTION_LAYOUT] = {"layout", "NAME", "with --input: instead of the run's key layout", TEXT(images.layout), .key = "data.layout"},
    [VAE_OPTION_SPLIT] = {"split", "NAME", "test (default, if there is one), validation or train images of the run", TEXT(images.split), .choices = splits},
    [VAE_OPTION_INDICES] = {"index", "I,J,...", "these images instead", TEXT(indices)},
    [VAE_OPTION_INDEX] = {"index", "I", "start from this image's code instead of zeros, the prior's mean", INTEGER(index, 0, INT64_MAX)},
    [VAE_OPTION_COUNT] = {"count", "N", "images to draw (64)", INTEGER(count, 1, 1000000000)},
    [VAE_OPTION_FIRST] = {"count", "N", "the first N images (16 in a picture, else all)", INTEGER(count, 1, INT64_MAX)},
    [VAE_OPTION_LIMIT] = {"limit", "N", "use only the first N images (10000)", INTEGER(limit, 1, INT64_MAX)},
    [VAE_OPTION_LIMIT_OR_ALL] = {"limit", "N", "use only the first N images; 0: all", INTEGER(limit, 0, INT64_MAX)},
    [VAE_OPTION_LABELS] = {"labels", "FILE", "labels of these images (CSV, IDX, NPY or NPZ), instead of the run's", TEXT(labels)},

    [VAE_OPTION_ATTRIBUTE] = {"attribute", "NAME", "training images that have this attribute, against those that have it not", TEXT(attribute)},
    [VAE_OPTION_LABEL] = {"label", "CLASS", "training images of that class, a name or a number, against the rest", TEXT(label)},
    [VAE_OPTION_CLASSES] = {"classes", NULL, "all classes at once, each against all others, instead of attributes", FLAG(classes)},
    [VAE_OPTION_WITH] = {"with", "FILE", "images that have it, against those of --without; anything that a data set can be read from", TEXT(with)},
    [VAE_OPTION_WITHOUT] = {"without", "FILE", "images that lack it", TEXT(without)},
    [VAE_OPTION_VECTOR] = {"vector", "FILE", "a difference that --save-vector wrote, or any .npy array [latent]", TEXT(vector)},
    [VAE_OPTION_ATTRIBUTES] = {"attributes", "FILE", "attributes of the training images, CSV or CelebA's list, instead of the run's: a header of names, then one line per image, starting with its file name if it has one; 1: has the attribute, 0 or -1: lacks it. An empty field means not known, and so does -1 in a column that has 0 as well", TEXT(attributes)},
    [VAE_OPTION_TEST_ATTRIBUTES] = {"test-attributes", "FILE", "those of the test images, or of --input", TEXT(test_attributes)},
    [VAE_OPTION_WITH_ORIGINALS] = {"with-originals", NULL, "begin each strip with the image itself", FLAG(originals)},

    [VAE_OPTION_PRIOR] = {"prior", "NAME", "standard (default): p(z), which is N(0, I) unless the model has another, or aggregate: a Gaussian mixture fitted to the posterior means of the training images", CHOICE(prior, priors)},
    [VAE_OPTION_PRIOR_PAIRS] = {"prior", "N", "N strips between draws from the prior instead", INTEGER(pairs, 1, VAE_CLI_MAX_PAIRS)},
    [VAE_OPTION_MODE] = {"mode", "NAME", "linear (default) or spherical", CHOICE(mode, modes)},
    [VAE_OPTION_TEMPERATURE] = {"temperature", "T", "standard deviation of the codes (1); with --prior aggregate, a factor on that of each component", REAL(temperature, 0, 1e6)},
    [VAE_OPTION_COMPONENTS] = {"components", "K", "components of the mixture (10)", INTEGER(components, 1, 10000)},
    [VAE_OPTION_NOISE] = {"noise", NULL, "draw from p(x|z), as data scatter around what is decoded, instead of giving E[x|z]; with the likelihoods gaussian, gaussian_shared, gaussian_pixel, laplace and student_t", FLAG(noise)},
    [VAE_OPTION_STEPS] = {"steps", "N", "images per strip, both ends included (10)", INTEGER(steps, 2, 1000)},
    [VAE_OPTION_DIMENSIONS] = {"dimensions", "N", "only the N with the largest KL (20)", INTEGER(dimensions, 1, 1 << 20)},
    [VAE_OPTION_FROM] = {"from", "I,J,...", "images that the strips begin with: numbers, or picture files", TEXT(from)},
    [VAE_OPTION_TO] = {"to", "I,J,...", "images that they end with, the same number", TEXT(to)},
    [VAE_OPTION_RANGE] = {"range", "FROM:TO:N", "values that a dimension takes (-3:3:9)", RANGE(range)},
    [VAE_OPTION_STRENGTH] = {"strength", "FROM:TO:N", "multiples of the difference that are added (-2:2:9)", RANGE(range)},

    [VAE_OPTION_COLUMNS] = {"columns", "N", "images per row of the grid (8)", INTEGER(columns, 1, 10000)},
    [VAE_OPTION_GRID] = {"grid", "N", "N x N decoded images (20)", INTEGER(grid, 2, 200)},
    [VAE_OPTION_FRAMES] = {"frames", "N", "frames from one end to the other (30)", INTEGER(frames, 2, 10000)},
    [VAE_OPTION_FPS] = {"fps", "N", "frames per second (15)", INTEGER(frame_rate, 1, 1000)},
    [VAE_OPTION_BACK_AND_FORTH] = {"back-and-forth", NULL, "animate the way back too", FLAG(back_and_forth)},
    [VAE_OPTION_EXPLORER] = {"explorer", "WHEN", "embed the decoder: auto (up to 16 MiB of weights), always or never", CHOICE(explorer, explorers)},
    [VAE_OPTION_PICTURES] = {"pictures", "N", "at most N epochs of pictures, evenly spaced (50)", INTEGER(pictures, 1, 1000000)},

    [VAE_OPTION_SAMPLES] = {"samples", "K", "importance samples per image; 0: negative ELBO only", INTEGER(samples, 0, 1000000000)},
    [VAE_OPTION_BATCH_SIZE] = {"batch-size", "N", "images at a time", INTEGER(batch_size, 1, 1 << 20)},
    [VAE_OPTION_L2] = {"l2", "X", "weight of the penalty on the squared weights (0.001)", REAL(l2, 1e-9, 1e9)},
    [VAE_OPTION_GREEDY] = {"greedy", NULL, "of sequences: always the likeliest step, as temperature 0", FLAG(greedy)},
    [VAE_OPTION_BEAM] = {"beam", "N", "of texts: the likeliest sentence that a search with N beams finds", INTEGER(beams, 1, 64)},
    [VAE_OPTION_TOP_K] = {"top-k", "K", "of texts: draw from the K likeliest words only", INTEGER(top_k, 1, INT32_MAX)},
    [VAE_OPTION_TOP_P] = {"top-p", "P", "of texts: draw from the likeliest words only that together have this probability", REAL(top_p, 1e-6, 1)},
    [VAE_OPTION_MAX_LENGTH] = {"max-length", "N", "of sequences: steps after which one that has not ended is cut, its end not counted; unless given, as many as the longest item of the data has", INTEGER(max_length, 1, 65536)},
    [VAE_OPTION_KEEP] = {"keep", "N", "how many steps of each item are its beginning (half of them)", INTEGER(keep, 1, 65536)},
    [VAE_OPTION_CODE] = {"code", "NAME", "where the codes are from: beginning (default), what the encoder makes of it; or prior, drawn for each continuation", CHOICE(code, code_sources)},
    [VAE_OPTION_TEXT] = {"text", "TEXT", "the beginning of a sentence", TEXT(text)},

    [VAE_OPTION_SHELL] = {"shell", "NAME", "the shell: bash or zsh", CHOICE(shell, shells)},
    [VAE_OPTION_PART] = {"part", "NAME", "encoder, decoder or both (default)", CHOICE(part, parts)},
};
