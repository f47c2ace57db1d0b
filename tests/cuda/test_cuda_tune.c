/* [run] tune: which products and kernels are taken by the time that they take, and that choices last. */
#include <cublasLt.h>
#include <unistd.h>

#include "core/file.h"
#include "product_result.h"

static char folder[64], file[96], cache[96];

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/vae_tune_XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/products.json", folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(cuda_tune, .init = setup, .fini = teardown);

/* Every product takes 10 µs, every kernel 3. */
static void usual_times(void)
{
    simt_cublaslt_set_duration(-1, 0, 10.0);
    simt_set_kernel_duration("", 3.0);
}

static outcome train_tuned(vae_precision precision, bool tune, const char *kept_in, const char *cached_in, heard *h)
{
    const vae_config config = two_layers();
    vae_device_options options = listening(precision, h);
    options.choices = (vae_device_choices){.tune = tune, .file = kept_in, .cache = cached_in};
    return train_and_look(&options, &config);
}

/* Whether every product has this algorithm. */
static bool all_are(const outcome *o, int32_t algorithm)
{
    for (int i = 0; i < o->products; ++i) {
        if (o->algorithms[i] != algorithm) return false;
    }
    return o->products > 0;
}

/* ---- What is taken ---- */

Test(cuda_tune, the_fastest_algorithm_is_taken)
{
    heard h;
    usual_times();
    outcome first = train_tuned(VAE_PRECISION_FP32, false, NULL, NULL, &h);
    simt_cublaslt_set_duration(6, 0, 9.0);
    outcome o = train_tuned(VAE_PRECISION_FP32, true, NULL, NULL, &h);
    cr_assert(all_are(&first, 67));
    cr_assert(all_are(&o, 6));
    cr_assert_str_eq(h.text, "");
    expect_close(&first, &o);
    free(first.numbers.parameters);
    free(o.numbers.parameters);
}

Test(cuda_tune, the_fastest_that_is_right_is_taken)
{
    heard h;
    usual_times();
    simt_cublaslt_set_duration(6, 0, 9.0);
    simt_cublaslt_set_duration(71, 0, 8.0);
    simt_cublaslt_fail_algorithm(71, CUBLAS_STATUS_EXECUTION_FAILED);
    const outcome o = train_tuned(VAE_PRECISION_FP32, true, NULL, NULL, &h);
    cr_assert(all_are(&o, 6));
    expect_words(&h, "algorithm 71, split-K 1, fails");
    free(o.numbers.parameters);
}

static void expect_ways(vae_precision precision, const int expected[VAE_EPILOGUE_COUNT])
{
    heard h;
    const outcome o = train_tuned(precision, true, NULL, NULL, &h);
    for (int e = VAE_EPILOGUE_BIAS; e < VAE_EPILOGUE_COUNT; ++e) {
        cr_assert_eq(o.carried[e], expected[e], "%d products with '%s', not %d", o.carried[e],
                     vae_epilogue_name((vae_epilogue)e), expected[e]);
    }
    free(o.numbers.parameters);
}

/* Of 36-33-20-3 and back: two products whose output has no relu, four with one. */
static const int all_fused[VAE_EPILOGUE_COUNT] = {[VAE_EPILOGUE_BIAS] = 2,
                                                  [VAE_EPILOGUE_RELU_MASK_BIAS] = 4,
                                                  [VAE_EPILOGUE_BIAS_GRADIENT] = 2,
                                                  [VAE_EPILOGUE_DRELU_BIAS_GRADIENT] = 4};

Test(cuda_tune, epilogues_stay_while_they_are_faster_than_kernels)
{
    usual_times();
    expect_ways(VAE_PRECISION_FP32, all_fused);
    simt_cublaslt_set_duration(-1, CUBLASLT_EPILOGUE_BIAS, 12.9);
    expect_ways(VAE_PRECISION_FP32, all_fused);
}

Test(cuda_tune, epilogues_that_are_slower_than_kernels_go)
{
    int expected[VAE_EPILOGUE_COUNT];
    usual_times();
    memcpy(expected, all_fused, sizeof expected);
    simt_cublaslt_set_duration(-1, CUBLASLT_EPILOGUE_BIAS, 13.1);
    expected[VAE_EPILOGUE_BIAS] = 0;
    expect_ways(VAE_PRECISION_FP32, expected);
    simt_cublaslt_set_duration(-1, CUBLASLT_EPILOGUE_BGRADA, 20.0);
    expected[VAE_EPILOGUE_BIAS_GRADIENT] = 0;
    expect_ways(VAE_PRECISION_FP32, expected);
}

/* A mask costs 2 µs more than a relu without, but saves the 3 of a kernel where it is read; not if that costs more too.
 */
Test(cuda_tune, a_relu_mask_and_what_reads_it_are_judged_together)
{
    usual_times();
    simt_cublaslt_set_duration(-1, CUBLASLT_EPILOGUE_RELU_AUX_BIAS, 12.0);
    expect_ways(VAE_PRECISION_FP32, all_fused);
    simt_cublaslt_set_duration(-1, CUBLASLT_EPILOGUE_DRELU_BGRAD, 11.5);
    const int expected[VAE_EPILOGUE_COUNT] = {
        [VAE_EPILOGUE_BIAS] = 2, [VAE_EPILOGUE_RELU_BIAS] = 4, [VAE_EPILOGUE_BIAS_GRADIENT] = 2};
    expect_ways(VAE_PRECISION_FP32, expected);
}

/* What a product leaves is rounded by another kernel. */
Test(cuda_tune, in_bf16_a_kernel_writes_the_rounded_copy_along)
{
    const int expected[VAE_EPILOGUE_COUNT] = {[VAE_EPILOGUE_BIAS] = 2, [VAE_EPILOGUE_BIAS_GRADIENT] = 2};
    usual_times();
    simt_set_kernel_duration("round_kernel", 3.5);
    expect_ways(VAE_PRECISION_BF16, expected);
    expect_ways(VAE_PRECISION_FP32, all_fused);
}

/* ---- That it lasts ---- */

Test(cuda_tune, what_was_measured_is_not_measured_again)
{
    heard h;
    usual_times();
    simt_cublaslt_set_duration(6, 0, 9.0);
    outcome first = train_tuned(VAE_PRECISION_FP32, true, NULL, cache, &h);
    const uint64_t measured = simt_get_counters().matmuls_run;
    simt_cublaslt_set_duration(71, 0, 8.0);
    simt_reset_counters();
    outcome second = train_tuned(VAE_PRECISION_FP32, true, NULL, cache, &h);
    cr_assert_lt(simt_get_counters().matmuls_run, measured / 4);
    cr_assert_str_eq(h.text, "");
    cr_assert(all_are(&second, 6));
    assert_same_bits(&first.numbers, &second.numbers);
    /* Another precision is another file. */
    outcome other = train_tuned(VAE_PRECISION_TF32, true, NULL, cache, &h);
    cr_assert(all_are(&other, 71));
    free(first.numbers.parameters);
    free(second.numbers.parameters);
    free(other.numbers.parameters);
}

Test(cuda_tune, a_run_goes_on_with_what_it_began_with)
{
    heard h;
    usual_times();
    simt_cublaslt_set_duration(24, 0, 9.0);
    simt_cublaslt_set_duration(-1, CUBLASLT_EPILOGUE_BIAS, 14.0);
    outcome first = train_tuned(VAE_PRECISION_FP32, true, file, cache, &h);
    simt_cublaslt_set_duration(-1, 0, 1.0);
    simt_cublaslt_uneven_split_k_first(1);
    for (int tune = 0; tune < 2; ++tune) {
        outcome again = train_tuned(VAE_PRECISION_FP32, tune, file, NULL, &h);
        cr_assert_str_eq(h.text, "");
        cr_assert_arr_eq(again.algorithms, first.algorithms, sizeof first.algorithms);
        cr_assert_arr_eq(again.carried, first.carried, sizeof first.carried);
        assert_same_bits(&first.numbers, &again.numbers);
        free(again.numbers.parameters);
    }
    free(first.numbers.parameters);
}

/* As after an update of what ranks algorithms; and where products are tuned only later. */
Test(cuda_tune, so_does_a_run_that_is_not_tuned)
{
    heard h;
    outcome first = train_tuned(VAE_PRECISION_FP32, false, file, NULL, &h);
    simt_cublaslt_uneven_split_k_first(1);
    usual_times();
    simt_cublaslt_set_duration(6, 0, 1.0);
    for (int tune = 0; tune < 2; ++tune) {
        outcome again = train_tuned(VAE_PRECISION_FP32, tune, file, NULL, &h);
        cr_assert_str_eq(h.text, "");
        cr_assert(all_are(&again, 67));
        assert_same_bits(&first.numbers, &again.numbers);
        free(again.numbers.parameters);
    }
    free(first.numbers.parameters);
}

/* ---- Files that will not do ---- */

static void put(const char *path, const char *text)
{
    const size_t size = strlen(text);
    const void *const parts[] = {text};
    MUST(vae_file_write_atomic(path, parts, &size, 1));
}

/* The file with `from` replaced; with NULL, cut in half. */
static void spoil(const char *path, const char *from, const char *to)
{
    static char all[1 << 20];
    char *text;
    size_t size;
    MUST(vae_file_read(path, 1 << 20, (void **)&text, &size));
    char *place = from ? strstr(text, from) : text + size / 2;
    cr_assert_not_null(place);
    const char *rest = from ? place + strlen(from) : "";
    *place = '\0';
    snprintf(all, sizeof all, "%s%s%s", text, to, rest);
    put(path, all);
    free(text);
}

static void expect_replaced(const char *words)
{
    heard h;
    simt_cublaslt_set_duration(71, 0, 8.0);
    outcome o = train_tuned(VAE_PRECISION_FP32, true, file, NULL, &h);
    expect_words(&h, file);
    expect_words(&h, words);
    cr_assert(all_are(&o, 71));
    free(o.numbers.parameters);
    simt_cublaslt_set_duration(71, 0, 10.0);
    o = train_tuned(VAE_PRECISION_FP32, false, file, NULL, &h);
    cr_assert_str_eq(h.text, "");
    cr_assert(all_are(&o, 71));
    free(o.numbers.parameters);
}

Test(cuda_tune, damaged_and_foreign_files_are_told_and_replaced)
{
    heard h;
    usual_times();
    simt_cublaslt_set_duration(6, 0, 9.0);
    free(train_tuned(VAE_PRECISION_FP32, true, file, NULL, &h).numbers.parameters);
    spoil(file, NULL, "");
    expect_replaced("is damaged: algorithms of products are chosen afresh");
    spoil(file, "\"gpu\": \"", "\"gpu\": \"another ");
    expect_replaced("is of another SIMT executor");
    spoil(file, "\"cublaslt\": \"", "\"cublaslt\": \"9");
    expect_replaced("is of SIMT executor");
    spoil(file, "\"algorithm\": \"5", "\"algorithm\": \"x");
    expect_replaced("is damaged");
    put(file, "");
    expect_replaced("is damaged");
}

Test(cuda_tune, a_damaged_cache_is_replaced)
{
    heard h;
    char path[256];
    usual_times();
    free(train_tuned(VAE_PRECISION_FP32, true, NULL, cache, &h).numbers.parameters);
    snprintf(path, sizeof path, "%s/SIMT-executor-on-the-CPU--device-0_13.1.0_fp32.json", cache);
    put(path, "[1, 2]");
    free(train_tuned(VAE_PRECISION_FP32, true, NULL, cache, &h).numbers.parameters);
    expect_words(&h, "is damaged");
    free(train_tuned(VAE_PRECISION_FP32, true, NULL, cache, &h).numbers.parameters);
    cr_assert_str_eq(h.text, "");
}

Test(cuda_tune, a_cache_that_cannot_be_written_is_told)
{
    heard h;
    usual_times();
    put(cache, "a file where a folder should be");
    free(train_tuned(VAE_PRECISION_FP32, true, NULL, cache, &h).numbers.parameters);
    expect_words(&h, cache);
}

/* ---- Algorithms that will not do any more ---- */

Test(cuda_tune, what_is_stored_is_tried_out)
{
    heard h;
    free(train_tuned(VAE_PRECISION_FP32, false, file, NULL, &h).numbers.parameters);
    simt_cublaslt_fail_algorithm(67, CUBLAS_STATUS_EXECUTION_FAILED);
    outcome o = train_tuned(VAE_PRECISION_FP32, false, file, NULL, &h);
    cr_assert(all_are(&o, 71));
    expect_words(&h, "fails: CUBLAS_STATUS_EXECUTION_FAILED; it was chosen before; another is");
    free(o.numbers.parameters);
    simt_cublaslt_fail_algorithm(67, CUBLAS_STATUS_SUCCESS);
    spoil(file, "\"algorithm\": \"5", "\"algorithm\": \"6");
    o = train_tuned(VAE_PRECISION_FP32, false, file, NULL, &h);
    expect_words(&h, "[32, 33] = [32, 36] · [36, 33] with bias, relu, mask: cuBLASLt rejects the algorithm that was "
                     "chosen before; another is chosen\n");
    cr_assert_eq(h.count, 1);
    cr_assert_eq(o.algorithms[0], 67);
    free(o.numbers.parameters);
}

Test(cuda_tune, clocks_that_fail_are_errors)
{
    static const char *const functions[] = {"cudaEventRecord", "cudaEventSynchronize", "cudaEventElapsedTime"};
    const vae_config config = two_layers();
    vae_device_options options = {.precision = VAE_PRECISION_FP32, .choices = {.tune = true}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
        training t;
        simt_fail_call(functions[i], 3, cudaErrorUnknown);
        cr_assert_eq(try_open_training(&vae_backend_cuda, &options, &config, &t), VAE_ERROR_DEVICE);
        cr_assert_not_null(strstr(vae_error_message(), functions[i]), "%s", vae_error_message());
        close_training(&t);
        cr_assert_eq(simt_get_counters().device_bytes_in_use, 0);
    }
}
