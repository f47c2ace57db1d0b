/* The next stroke: a component of the mixture, an offset from it, and a state of the pen (Ha & Eck 2017, section 3.3).
 */
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "model/step_choice.h"

enum { ELEMENTS = 5, PEN_STATES = 3, DOWN = 0, END = 2 };

static void begin(float *step)
{
    memset(step, 0, ELEMENTS * sizeof *step);
    step[2 + DOWN] = 1.0f;
}

static bool is_end(const float *step)
{
    return step[2 + END] == 1.0f;
}

/* Which of `count` logits, drawn at the temperature by a uniform number; at 0 the largest. */
static int64_t draw(const float *logits, int64_t count, double temperature, double uniform)
{
    int64_t largest = 0;
    double sum = 0.0, passed = 0.0;
    for (int64_t i = 1; i < count; ++i)
        if (logits[i] > logits[largest]) largest = i;
    if (temperature == 0.0) return largest;
    for (int64_t i = 0; i < count; ++i)
        sum += exp((logits[i] - logits[largest]) / temperature);
    for (int64_t i = 0; i < count - 1; ++i) {
        passed += exp((logits[i] - logits[largest]) / temperature);
        if (passed >= uniform * sum) return i;
    }
    return count - 1;
}

/* An offset from one component: variances are multiplied by the temperature. `unit`: of the data, in those of the
 * model.
 */
static void draw_offset(const float *p, int64_t m, int64_t k, const vae_decoding *decoding, vae_step_place place,
                        double unit, float *next)
{
    const double width = sqrt(decoding->temperature), rho = tanh((double)p[5 * m + k]);
    double normal[4];
    vae_random_normal4(decoding->seed, VAE_STREAM_OBSERVE, place.row, 2 * place.step + 1, normal);
    next[0] = (float)(unit * (p[m + k] + exp((double)p[3 * m + k]) * width * normal[0]));
    next[1] = (float)(unit * (p[2 * m + k] + exp((double)p[4 * m + k]) * width *
                                                 (rho * normal[0] + sqrt(1.0 - rho * rho) * normal[1])));
}

static vae_status choose(const vae_design *design, const float *prediction, int64_t columns,
                         const vae_decoding *decoding, vae_step_place place, float *next)
{
    const int64_t m = (columns - PEN_STATES) / 6;
    for (int64_t i = 0; i < columns; ++i) {
        if (!isfinite(prediction[i])) {
            return vae_error_set(VAE_ERROR_NUMERIC, "the decoder's prediction is not finite");
        }
    }
    const vae_philox random = vae_random_block(decoding->seed, VAE_STREAM_OBSERVE, place.row, 2 * place.step);
    const double uniforms[] = {vae_random_uniform(random.word[0]), vae_random_uniform(random.word[1])};
    const int64_t component = draw(prediction, m, decoding->temperature, uniforms[0]);
    const int64_t pen = draw(prediction + 6 * m, PEN_STATES, decoding->temperature, uniforms[1]);
    memset(next, 0, ELEMENTS * sizeof *next);
    next[2 + pen] = 1.0f;
    if (pen != END) draw_offset(prediction, m, component, decoding, place, 1.0 / (255.0 * design->input.scale), next);
    return VAE_OK;
}

const vae_step_choice vae_step_choice_stroke = {.temperature = 0.1, .begin = begin, .choose = choose, .is_end = is_end};
