/* The bar, which says less where the terminal is narrow; lines, epochs and warnings; and which of them is shown. */
#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/remarks.h"
#include "core/clock.h"
#include "core/utf8.h"
#include "data/sequence_splits.h"
#include "draw/image.h"

#define REDRAW_SECONDS 0.1
#define LINE_SECONDS 5.0
enum { MAX_WIDTH = 120, MIN_BAR = 12, PIECE_SIZE = 64, PARTS_SIZE = 120, TEXT_SIZE = 6 * PIECE_SIZE };

/* ---- Texts ---- */

/* 60000 as "60,000"; negative or undefined numbers as "-". */
static const char *grouped(double value, char text[PIECE_SIZE])
{
    if (!(value >= 0.0 && value < 1e15)) return "-";
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%.0f", value);
    int used = 0;
    for (int i = 0; i < length; ++i) {
        if (i > 0 && (length - i) % 3 == 0) text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

static const char *duration(double seconds, char text[PIECE_SIZE])
{
    if (!(seconds >= 0.0 && seconds < 1e9)) return "-:--";
    const int64_t whole = (int64_t)ceil(seconds);
    if (whole >= 3600) {
        snprintf(text, PIECE_SIZE, "%d:%02d:%02d", (int)(whole / 3600), (int)(whole / 60 % 60), (int)(whole % 60));
    } else {
        snprintf(text, PIECE_SIZE, "%d:%02d", (int)(whole / 60), (int)(whole % 60));
    }
    return text;
}

/* The number that is shown first: the negative ELBO, or the reconstruction where there is none. */
static double main_loss(const vae_metrics_line *line)
{
    return isnan(line->neg_elbo) ? line->reconstruction : line->neg_elbo;
}

static const char *main_loss_name(const vae_progress_view *view)
{
    return view->has_kl ? "-ELBO" : "reconstruction";
}

/* "(reconstruction 80.63, KL 24.86, bound 102.91)", the last of objectives that have one, and of texts the perplexity.
 */
static const char *parts(const vae_metrics_line *line, char text[PARTS_SIZE])
{
    char last[PIECE_SIZE] = "";
    if (!isnan(line->bound)) snprintf(last, sizeof last, ", bound %.2f", line->bound);
    if (!isnan(line->perplexity)) snprintf(last, sizeof last, ", perplexity %.2f", line->perplexity);
    snprintf(text, PARTS_SIZE, "(reconstruction %.2f, KL %.2f%s)", line->reconstruction, line->kl, last);
    return text;
}

const char *vae_progress_losses(const vae_metrics_line *line, char *text, size_t size)
{
    char terms[PARTS_SIZE];
    if (isnan(line->kl)) {
        snprintf(text, size, "reconstruction %.2f", line->reconstruction);
    } else {
        snprintf(text, size, "%.2f %s", line->neg_elbo, parts(line, terms));
    }
    return text;
}

/* Items of a second, or, of sequences, their steps. */
static double rate_of(const vae_metrics_line *line)
{
    return isnan(line->sequence_steps_per_second) ? line->images_per_second : line->sequence_steps_per_second;
}

/* ---- The bar ---- */

static int terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0) return 80;
    return size.ws_col < MAX_WIDTH ? size.ws_col : MAX_WIDTH;
}

/* Less and less of what there is to say; the bar takes what room is left. */
static void describe(const vae_progress_view *view, const vae_train_tick *tick, int detail, char text[TEXT_SIZE])
{
    char rate[PIECE_SIZE], left[PIECE_SIZE], terms[PIECE_SIZE] = "", step[PIECE_SIZE] = "", speed[PIECE_SIZE + 16] = "";
    char perplexity[PIECE_SIZE] = "";
    duration(tick->seconds_left, left);
    if (detail >= 3) snprintf(step, sizeof step, "  step %" PRId64, tick->step);
    if (detail >= 2 && view->has_kl) {
        snprintf(terms, sizeof terms, " = %.1f + %.1f KL", tick->mean.reconstruction, tick->mean.kl);
    }
    if (detail >= 2 && !isnan(tick->mean.perplexity)) {
        snprintf(perplexity, sizeof perplexity, "  perplexity %.1f", tick->mean.perplexity);
    }
    if (detail >= 1) {
        const double per_second = view->words->steps ? rate_of(&tick->mean) : tick->images_per_second;
        snprintf(speed, sizeof speed, "  %s %s", grouped(per_second, rate),
                 detail >= 4 ? view->words->rate : view->words->short_rate);
    }
    snprintf(text, TEXT_SIZE, "%s  %s %.1f%s%s%s  ETA %s", step, main_loss_name(view), main_loss(&tick->mean), terms,
             perplexity, speed, left);
}

static void draw_bar(vae_progress_view *view, const vae_train_tick *tick)
{
    enum { MOST_DETAIL = 4 };
    char head[PIECE_SIZE], text[TEXT_SIZE], bar[MAX_WIDTH + 1];
    const int width = terminal_width() - 1; /* the last column stays free: some terminals wrap there */
    const int head_width = snprintf(head, sizeof head, "epoch %" PRId64 "/%" PRId64, tick->epoch, tick->epochs);
    int room = 0;
    for (int detail = MOST_DETAIL; detail >= 0; --detail) {
        describe(view, tick, detail, text);
        room = width - head_width - (int)strlen(text) - 3; /* space and brackets */
        if (room >= MIN_BAR) break;
    }
    printf("\r");
    if (room >= MIN_BAR) {
        const int filled = (int)((int64_t)room * tick->epoch_step / tick->steps_per_epoch);
        memset(bar, '=', (size_t)filled);
        memset(bar + filled, ' ', (size_t)(room - filled));
        if (filled < room) bar[filled] = '>';
        bar[room] = '\0';
        printf("%s [%s]%s", head, bar, text);
    } else {
        char line[PIECE_SIZE + TEXT_SIZE];
        snprintf(line, sizeof line, "%s%s", head, text);
        printf("%.*s", width > 0 ? width : 0, line);
    }
    printf("\033[K");
    fflush(stdout);
    view->bar_drawn = true;
}

void vae_progress_clear(vae_progress_view *view)
{
    if (!view->bar_drawn) return;
    printf("\r\033[K");
    fflush(stdout);
    view->bar_drawn = false;
}

/* ---- What the trainer tells ---- */

static void print_shape(const vae_progress_view *view, const vae_input *input, int64_t items)
{
    if (view->words->steps) {
        const int64_t longest = vae_input_most_steps(input);
        printf(" %s of up to %" PRId64 " %s", vae_kind_items(view->words, items), longest,
               vae_kind_steps(view->words, longest));
        return;
    }
    const bool numbers = input->dtype != VAE_UINT8;
    if (numbers && input->height == 1 && input->channels == 1) {
        printf(" rows of %" PRId64 " numbers", input->width);
        return;
    }
    printf(" %s of %" PRId64 "x%" PRId64, numbers ? "arrays" : "images", input->height, input->width);
    if (input->channels > 1) printf("x%" PRId64, input->channels);
}

/* Of sequences: how they are put together, and what of them the model does not see. */
static void print_sequences(const vae_train_start *start)
{
    const vae_dataset *train = &start->data->train;
    const int64_t tokens = vae_sequence_splits_steps(start->data);
    const int64_t unknown = train->remarks.of[VAE_REMARK_UNKNOWN].count;
    char number[PIECE_SIZE];
    if (start->input.vocabulary > 0) {
        printf("a vocabulary of %s tokens, %.2f %% of the text unknown to it; ",
               grouped((double)start->input.vocabulary, number),
               tokens > 0 ? 100.0 * (double)unknown / (double)tokens : 0.0);
    }
    printf("%" PRId64 " cut; %d bucket%s, %.1f %% padding\n", train->truncated, (int)start->buckets->count,
           start->buckets->count == 1 ? "" : "s", 100.0 * vae_buckets_padding(start->buckets));
}

static void show_start(void *context, const vae_train_start *start)
{
    vae_progress_view *view = context;
    view->has_kl = start->traits->has_posterior;
    view->words = vae_kind_words_of(start->input.kind);
    vae_cli_tell_remarks(start->data);
    if (start->input.dtype == VAE_UINT8 && !vae_image_can_show(start->input.channels)) {
        vae_cli_warn("no pictures are drawn of images with %" PRId64 " channels, only of those with 1 or 3",
                     start->input.channels);
    }
    if (start->missing_lines > 0) {
        vae_cli_warn("%s/metrics.jsonl lacks %" PRId64
                     " line%s that the run had written; training goes on without them",
                     start->folder, start->missing_lines, start->missing_lines == 1 ? "" : "s");
    }
    if (view->mode == VAE_PROGRESS_QUIET) return;
    char number[PIECE_SIZE];
    printf("%s %s: %s parameters on %s\n", start->resumed ? "resuming" : "training", start->folder,
           grouped((double)start->parameters, number), start->device);
    printf("%s training", grouped((double)start->train_images, number));
    if (start->validation_images > 0) printf(", %s validation", grouped((double)start->validation_images, number));
    if (start->test_images > 0) printf(", %s test", grouped((double)start->test_images, number));
    /* The noun is that of the last number. */
    const int64_t last = start->test_images > 0         ? start->test_images
                         : start->validation_images > 0 ? start->validation_images
                                                        : start->train_images;
    print_shape(view, &start->input, last);
    printf("; %" PRId64 " epoch%s of %" PRId64 " step%s", start->epochs, start->epochs == 1 ? "" : "s",
           start->steps_per_epoch, start->steps_per_epoch == 1 ? "" : "s");
    if (start->step > 0) {
        printf(", from step %" PRId64 " in epoch %" PRId64, start->step,
               start->epoch < start->epochs ? start->epoch + 1 : start->epochs);
    }
    printf("\n");
    if (view->words->steps) print_sequences(start);
    fflush(stdout);
    view->shown = vae_clock_seconds();
}

static void show_tick(void *context, const vae_train_tick *tick)
{
    vae_progress_view *view = context;
    if (view->mode != VAE_PROGRESS_BAR) return;
    const double time = vae_clock_seconds();
    if (view->bar_drawn && time - view->shown < REDRAW_SECONDS) return;
    view->shown = time;
    draw_bar(view, tick);
}

/* Plain lines in long epochs only: one every few seconds. */
static void show_log(void *context, const vae_metrics_line *line)
{
    vae_progress_view *view = context;
    const double time = vae_clock_seconds();
    if (view->mode != VAE_PROGRESS_LINES || time - view->shown < LINE_SECONDS) return;
    view->shown = time;
    char losses[TEXT_SIZE], rate[PIECE_SIZE];
    printf("epoch %" PRId64 ", step %" PRId64 ": train %s, %s %s\n", line->epoch, line->step,
           vae_progress_losses(line, losses, sizeof losses), grouped(rate_of(line), rate), view->words->rate);
    fflush(stdout);
}

static void warn_of_collapse(vae_progress_view *view)
{
    vae_progress_clear(view);
    vae_cli_warn(
        "all latent dimensions have collapsed: the posterior is the prior whatever the %s, and the decoder has "
        "learned to do without a code. What may help: %s",
        view->words->item, view->words->collapse);
}

/* Of [train] encoder_updates, as long as they last. */
static void print_encoder_updates(const vae_train_epoch *epoch)
{
    if (epoch->train.encoder_updates > 0) {
        printf("  %.1f updates of the encoder a step", epoch->train.encoder_updates);
    }
}

static void print_caught_up(const vae_train_epoch *epoch)
{
    if (isnan(epoch->information_before) || !epoch->held_out) return;
    printf("mutual information fell from %.3f to %.3f nats: from here on encoder and decoder are updated at once\n",
           epoch->information_before, epoch->held_out->mutual_information);
}

static void show_epoch(void *context, const vae_train_epoch *epoch)
{
    vae_progress_view *view = context;
    if (epoch->collapsed) warn_of_collapse(view);
    if (view->mode == VAE_PROGRESS_QUIET) return;
    vae_progress_clear(view);
    char losses[TEXT_SIZE], rate[PIECE_SIZE], total[PIECE_SIZE];
    const int digits = snprintf(total, sizeof total, "%" PRId64, epoch->epochs);
    printf("epoch %*" PRId64 "/%s  train %.2f", digits, epoch->epoch, total, main_loss(&epoch->train));
    if (epoch->held_out) {
        if (!isnan(epoch->train.bound)) printf(" (bound %.2f)", epoch->train.bound);
        printf("  %s %s", epoch->held_out->split, vae_progress_losses(epoch->held_out, losses, sizeof losses));
    } else if (view->has_kl) {
        printf(" %s", parts(&epoch->train, losses));
    }
    printf("  %s %s%s", grouped(rate_of(&epoch->train), rate), view->words->rate,
           epoch->improved ? "" : "  not better");
    print_encoder_updates(epoch);
    if (!isnan(epoch->rate)) printf("; on from the best, learning rate %g", epoch->rate);
    putchar('\n');
    print_caught_up(epoch);
    if (epoch->sample) {
        char shown[MAX_WIDTH];
        vae_utf8_show(epoch->sample, shown, sizeof shown);
        printf("  sample: %s\n", shown);
    }
    fflush(stdout);
    view->shown = vae_clock_seconds();
}

static void show_remark(void *context, const char *text)
{
    vae_progress_clear(context);
    vae_cli_warn("%s", text);
}

/* ---- Making ---- */

static bool can_draw(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

vae_progress_view vae_progress_make(bool quiet)
{
    const vae_kind_words *words = vae_kind_words_of(VAE_KIND_IMAGE); /* until it is known */
    return (vae_progress_view){.words = words,
                               .mode = quiet        ? VAE_PROGRESS_QUIET
                                       : can_draw() ? VAE_PROGRESS_BAR
                                                    : VAE_PROGRESS_LINES};
}

vae_train_observer vae_progress_observe(vae_progress_view *view)
{
    return (vae_train_observer){.context = view,
                                .started = show_start,
                                .ticked = show_tick,
                                .logged = show_log,
                                .epoch_ended = show_epoch,
                                .remarked = show_remark};
}
