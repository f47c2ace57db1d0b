/* Event files, record by record, with messages packed by protobuf-c. */
#include "train/tensorboard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/crc32c.h"
#include "core/file.h"
#include "event.pb-c.h"
#include "train/picture.h"

/* Far above any picture of a grid. */
#define MAX_PICTURE_BYTES ((size_t)256 << 20)

struct vae_tensorboard {
    FILE *file;
    char path[VAE_PATH_SIZE];
};

/* ---- Records ---- */

static vae_status io_error(const vae_tensorboard *board, const char *what)
{
    return vae_error_set(VAE_ERROR_IO, "%s: %s: %s", board->path, what, strerror(errno));
}

static void put_integer(uint8_t *bytes, uint64_t value, int count)
{
    for (int i = 0; i < count; ++i)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

/* Rotated and shifted, as a CRC of data that holds CRCs would be weak. */
static uint32_t masked_crc(const void *data, size_t size)
{
    const uint32_t crc = vae_crc32c(data, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static vae_status write_record(const vae_tensorboard *board, const uint8_t *data, size_t size)
{
    uint8_t head[12], tail[4];
    put_integer(head, size, 8);
    put_integer(head + 8, masked_crc(head, 8), 4);
    put_integer(tail, masked_crc(data, size), 4);
    const bool written = fwrite(head, sizeof head, 1, board->file) == 1 && fwrite(data, size, 1, board->file) == 1 &&
                         fwrite(tail, sizeof tail, 1, board->file) == 1 && !fflush(board->file);
    return written ? VAE_OK : io_error(board, "cannot be written");
}

double vae_tensorboard_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static vae_status write_event(const vae_tensorboard *board, Vae__Event *event)
{
    const size_t size = vae__event__get_packed_size(event);
    uint8_t *data = malloc(size);
    if (!data) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for an event", board->path);
    vae__event__pack(event, data);
    const vae_status status = write_record(board, data, size);
    free(data);
    return status;
}

static vae_status write_summary(const vae_tensorboard *board, double time, int64_t step, Vae__Summary__Value **values,
                                size_t count)
{
    Vae__Summary summary = VAE__SUMMARY__INIT;
    Vae__Event event = VAE__EVENT__INIT;
    summary.n_value = count;
    summary.value = values;
    event.wall_time = time;
    event.step = step;
    event.what_case = VAE__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return write_event(board, &event);
}

/* ---- The file ---- */

/* Names sort by the time of their making, to the microsecond. */
static vae_status create_file(const char *folder, vae_tensorboard *board)
{
    struct timespec time;
    char name[128], host[64] = "";
    if (gethostname(host, sizeof host - 1) || !host[0]) snprintf(host, sizeof host, "localhost");
    clock_gettime(CLOCK_REALTIME, &time);
    snprintf(name, sizeof name, "events.out.tfevents.%010lld.%06ld.%s", (long long)time.tv_sec, time.tv_nsec / 1000,
             host);
    VAE_TRY(vae_path_join(board->path, sizeof board->path, folder, name));
    const int descriptor = open(board->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) return io_error(board, "cannot be created");
    board->file = fdopen(descriptor, "w");
    if (board->file) return VAE_OK;
    const vae_status status = io_error(board, "cannot be opened");
    close(descriptor);
    return status;
}

static vae_status write_start(const vae_tensorboard *board, int64_t first_step)
{
    Vae__Event version = VAE__EVENT__INIT, start = VAE__EVENT__INIT;
    Vae__SessionLog session = VAE__SESSION_LOG__INIT;
    char text[] = "brain.Event:2";
    version.wall_time = start.wall_time = vae_tensorboard_time();
    version.what_case = VAE__EVENT__WHAT_FILE_VERSION;
    version.file_version = text;
    VAE_TRY(write_event(board, &version));
    session.status = VAE__SESSION_LOG__SESSION_STATUS__START;
    start.what_case = VAE__EVENT__WHAT_SESSION_LOG;
    start.session_log = &session;
    start.step = first_step;
    return write_event(board, &start);
}

vae_status vae_tensorboard_open(const char *folder, int64_t first_step, vae_tensorboard **board)
{
    *board = NULL;
    VAE_TRY(vae_folder_make(folder));
    vae_tensorboard *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", folder);
    vae_status status = create_file(folder, made);
    if (!status) status = write_start(made, first_step);
    if (status) {
        vae_tensorboard_close(made);
        return status;
    }
    *board = made;
    return VAE_OK;
}

void vae_tensorboard_close(vae_tensorboard *board)
{
    if (!board) return;
    if (board->file) fclose(board->file);
    free(board);
}

/* ---- Metrics and pictures ---- */

vae_status vae_tensorboard_write_line(vae_tensorboard *board, double time, const vae_metrics_line *line)
{
    enum { TAG_SIZE = 64 };
    char tags[VAE_FIELD_COUNT][TAG_SIZE];
    Vae__Summary__Value values[VAE_FIELD_COUNT], *list[VAE_FIELD_COUNT];
    size_t count = 0;
    for (int field = 0; field < VAE_FIELD_COUNT; ++field) {
        const double value = vae_metrics_value(line, (vae_metrics_field)field);
        if (!isfinite(value)) continue;
        snprintf(tags[count], TAG_SIZE, "%s/%s", vae_metrics_fields[field].name, line->split);
        vae__summary__value__init(&values[count]);
        values[count].tag = tags[count];
        values[count].value_case = VAE__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
        values[count].simple_value = (float)value;
        list[count] = &values[count];
        ++count;
    }
    return write_summary(board, time, line->step, list, count);
}

/* A PNG file begins with its signature and IHDR: big-endian width and height, depth, colour type. */
static vae_status read_header(const char *path, const uint8_t *data, size_t size, Vae__Summary__Image *image)
{
    enum { WIDTH = 16, HEIGHT = 20, COLOUR_TYPE = 25, GREY = 0 };
    if (size <= COLOUR_TYPE) return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a PNG picture", path);
    image->width = data[WIDTH + 2] << 8 | data[WIDTH + 3];
    image->height = data[HEIGHT + 2] << 8 | data[HEIGHT + 3];
    image->colorspace = data[COLOUR_TYPE] == GREY ? 1 : 3;
    return VAE_OK;
}

static vae_status write_picture(const vae_tensorboard *board, double time, const char *tag, int64_t step,
                                const char *path)
{
    void *data;
    size_t size;
    char text[64];
    Vae__Summary__Image image = VAE__SUMMARY__IMAGE__INIT;
    Vae__Summary__Value value = VAE__SUMMARY__VALUE__INIT, *list[] = {&value};
    VAE_TRY(vae_file_read(path, MAX_PICTURE_BYTES, &data, &size));
    vae_status status = read_header(path, data, size, &image);
    snprintf(text, sizeof text, "%s", tag);
    image.encoded_image_string = (ProtobufCBinaryData){.len = size, .data = data};
    value.tag = text;
    value.value_case = VAE__SUMMARY__VALUE__VALUE_IMAGE;
    value.image = &image;
    if (!status) status = write_summary(board, time, step, list, 1);
    free(data);
    return status;
}

vae_status vae_tensorboard_write_pictures(vae_tensorboard *board, double time, const char *folder, vae_kind kind,
                                          int64_t epoch, int64_t step)
{
    if (strcmp(vae_picture_ending(kind), "png") != 0) return VAE_OK;
    static const char *const names[] = {"samples", "reconstructions"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char path[VAE_PATH_SIZE];
        VAE_TRY(vae_picture_path(folder, kind, epoch, names[i], path));
        if (vae_path_exists(path)) VAE_TRY(write_picture(board, time, names[i], step, path));
    }
    return VAE_OK;
}
