/* Algorithms of matrix products that are refused, fail or give wrong numbers: training goes on with others, says so,
 * and gives the same numbers. */
#include <cublasLt.h>

#include "product_result.h"

static outcome undisturbed(const vae_config *config)
{
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    const outcome o = train_and_look(&options, config);
    cr_assert_str_eq(h.text, "");
    return o;
}

/* ---- Epilogues that are refused ---- */

static const int lt_epilogues[VAE_EPILOGUE_COUNT] = {
    [VAE_EPILOGUE_NONE] = CUBLASLT_EPILOGUE_DEFAULT,
    [VAE_EPILOGUE_BIAS] = CUBLASLT_EPILOGUE_BIAS,
    [VAE_EPILOGUE_RELU_BIAS] = CUBLASLT_EPILOGUE_RELU_BIAS,
    [VAE_EPILOGUE_RELU_MASK_BIAS] = CUBLASLT_EPILOGUE_RELU_AUX_BIAS,
    [VAE_EPILOGUE_BIAS_GRADIENT] = CUBLASLT_EPILOGUE_BGRADA,
    [VAE_EPILOGUE_DRELU_BIAS_GRADIENT] = CUBLASLT_EPILOGUE_DRELU_BGRAD,
};

/* A mask is written only where it is read, and read only where it is written. */
static void expect_fallback(const int fused[VAE_EPILOGUE_COUNT], vae_epilogue refused, int found[VAE_EPILOGUE_COUNT])
{
    const bool of_mask = refused == VAE_EPILOGUE_RELU_MASK_BIAS || refused == VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
    for (int e = 0; e < VAE_EPILOGUE_COUNT; ++e) {
        int expected = fused[e];
        if (of_mask && e == VAE_EPILOGUE_RELU_BIAS) expected += fused[VAE_EPILOGUE_RELU_MASK_BIAS];
        if (of_mask && e == VAE_EPILOGUE_NONE) expected += fused[VAE_EPILOGUE_DRELU_BIAS_GRADIENT];
        if (of_mask && (e == VAE_EPILOGUE_RELU_MASK_BIAS || e == VAE_EPILOGUE_DRELU_BIAS_GRADIENT)) expected = 0;
        if (!of_mask && e == (int)refused) expected = 0;
        if (!of_mask && e == VAE_EPILOGUE_NONE) expected += fused[refused];
        cr_assert_eq(found[e], expected, "%d products with '%s', not %d, where '%s' is refused", found[e],
                     vae_epilogue_name((vae_epilogue)e), expected, vae_epilogue_name(refused));
    }
}

Test(cuda_products, an_epilogue_refused_is_the_only_one_that_goes)
{
    const vae_config config = two_layers();
    const outcome fused = undisturbed(&config);
    for (int e = VAE_EPILOGUE_BIAS; e < VAE_EPILOGUE_COUNT; ++e) {
        heard h;
        const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
        simt_cublaslt_refuse_epilogue(lt_epilogues[e], 1);
        outcome o = train_and_look(&options, &config);
        simt_cublaslt_refuse_epilogue(lt_epilogues[e], 0);
        expect_fallback(fused.carried, (vae_epilogue)e, o.carried);
        expect_close(&fused, &o);
        cr_assert_eq(h.count > 0, fused.carried[e] > 0, "%s", h.text);
        free(o.numbers.parameters);
    }
    free(fused.numbers.parameters);
}

/* The first layer of the encoder has no mask; the layer behind it and the decoder's keep theirs. */
Test(cuda_products, an_epilogue_refused_for_one_shape_stays_for_others)
{
    const vae_config config = two_layers();
    const outcome fused = undisturbed(&config);
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    simt_cublaslt_refuse_epilogue_of_shape(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, 33, 32, 36, 1);
    const outcome o = train_and_look(&options, &config);
    cr_assert_eq(o.carried[VAE_EPILOGUE_RELU_MASK_BIAS], fused.carried[VAE_EPILOGUE_RELU_MASK_BIAS] - 1);
    cr_assert_eq(o.carried[VAE_EPILOGUE_DRELU_BIAS_GRADIENT], fused.carried[VAE_EPILOGUE_DRELU_BIAS_GRADIENT] - 1);
    cr_assert_eq(o.carried[VAE_EPILOGUE_RELU_BIAS], 1);
    cr_assert_eq(o.carried[VAE_EPILOGUE_BIAS_GRADIENT], fused.carried[VAE_EPILOGUE_BIAS_GRADIENT]);
    expect_close(&fused, &o);
    cr_assert_str_eq(h.text,
                     "encoder.0: [32, 33] = [32, 36] · [36, 33] with bias, relu, mask: cuBLASLt has no algorithm "
                     "for it; kernels take the epilogue's place\n");
    free(fused.numbers.parameters);
    free(o.numbers.parameters);
}

/* ---- Algorithms that fail ---- */

Test(cuda_products, an_algorithm_that_fails_is_passed_over)
{
    const vae_config config = two_layers();
    const outcome fused = undisturbed(&config);
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    for (int failing = 1; failing <= 3; ++failing) {
        h = (heard){0};
        simt_cublaslt_fail_candidates(failing, CUBLAS_STATUS_EXECUTION_FAILED);
        const outcome o = train_and_look(&options, &config);
        cr_assert_eq(o.passed_over, failing);
        cr_assert_arr_eq(o.carried, fused.carried, sizeof o.carried, "a failure cost an epilogue");
        expect_close(&fused, &o);
        expect_words(&h,
                     "encoder.0: [32, 33] = [32, 36] · [36, 33] with bias, relu, mask: algorithm 67, split-K 1, fails: "
                     "CUBLAS_STATUS_EXECUTION_FAILED; takes the next\n");
        cr_assert_null(strstr(h.text, "wrong numbers"), "%s", h.text);
        free(o.numbers.parameters);
    }
    free(fused.numbers.parameters);
}

Test(cuda_products, wrong_numbers_are_noticed)
{
    const vae_config config = two_layers();
    const outcome right = undisturbed(&config);
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    simt_cublaslt_uneven_split_k_first(1);
    simt_cublaslt_wrong_split_k(-1);
    const outcome o = train_and_look(&options, &config);
    cr_assert_eq(o.uneven, 0);
    cr_assert_gt(o.passed_over, 0);
    cr_assert_arr_eq(o.carried, right.carried, sizeof o.carried);
    expect_close(&right, &o);
    expect_words(
        &h, "encoder.0: [36, 33] = [36, 32] · [32, 33]: algorithm 66, split-K 3, gives wrong numbers: target[0, 0]");
    free(right.numbers.parameters);
    free(o.numbers.parameters);
}

/* Right ones are not blamed, in any precision, whatever bit a relu mask has where its input is zero. */
Test(cuda_products, right_numbers_are_not_blamed)
{
    const vae_config config = two_layers();
    simt_cublaslt_uneven_split_k_first(1);
    for (int precision = VAE_PRECISION_FP32; precision <= VAE_PRECISION_BF16; ++precision) {
        for (int bit = 0; bit < 3; ++bit) {
            heard h;
            const vae_device_options options = listening((vae_precision)precision, &h);
            simt_cublaslt_relu_mask_at_zero(bit);
            const outcome o = train_and_look(&options, &config);
            cr_assert_str_eq(h.text, "");
            cr_assert_gt(o.uneven, 0);
            free(o.numbers.parameters);
        }
    }
}

Test(cuda_products, what_was_found_is_told_once)
{
    const vae_config config = two_layers();
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    training t;
    simt_cublaslt_fail_algorithm(67, CUBLAS_STATUS_EXECUTION_FAILED);
    simt_cublaslt_refuse_epilogue(CUBLASLT_EPILOGUE_BIAS, 1);
    open_training(&vae_backend_cuda, &options, &config, &t);
    const int told = h.count;
    vae_executable *again;
    MUST(vae_backend_cuda.executable_create(t.device, &t.program, t.store, t.data, &again));
    cr_assert_gt(told, 0);
    cr_assert_eq(h.count, told);
    cr_assert_eq(again->lowering.count, t.executable->lowering.count);
    vae_backend_cuda.executable_destroy(again);
    close_training(&t);
}

Test(cuda_products, where_no_algorithm_is_left_each_is_named)
{
    const vae_config config = two_layers();
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    training t;
    simt_cublaslt_fail_candidates(8, CUBLAS_STATUS_EXECUTION_FAILED);
    cr_assert_eq(try_open_training(&vae_backend_cuda, &options, &config, &t), VAE_ERROR_DEVICE);
    static const char begin[] =
        "encoder.0: [32, 33] = [32, 36] · [36, 33] with bias, relu, mask: cuBLASLt has no algorithm "
        "that computes this product: algorithm 67, split-K 1, fails: "
        "CUBLAS_STATUS_EXECUTION_FAILED; algorithm 71, ";
    cr_assert_eq(strncmp(vae_error_message(), begin, strlen(begin)), 0, "%s", vae_error_message());
    close_training(&t);
    cr_assert_eq(simt_get_counters().device_bytes_in_use, 0);
}

/* ---- Calls that fail ---- */

/* The nth call of a function fails: an error that says so, or a remark and no error. False: there is no nth call. */
static bool fail_nth(const char *function, unsigned nth)
{
    const vae_config config = small_config();
    heard h;
    const vae_device_options options = listening(VAE_PRECISION_FP32, &h);
    training t;
    simt_fail_call(function, nth, CUBLAS_STATUS_EXECUTION_FAILED);
    const vae_status status = try_open_training(&vae_backend_cuda, &options, &config, &t);
    simt_fail_call(NULL, 0, 0);
    cr_assert(!status || status == VAE_ERROR_DEVICE || status == VAE_ERROR_MEMORY, "%s %u: status %d", function, nth,
              (int)status);
    if (status) cr_assert_not_null(strstr(vae_error_message(), function), "%s", vae_error_message());
    close_training(&t);
    cr_assert_eq(simt_get_counters().device_bytes_in_use, 0, "%s %u", function, nth);
    return status || h.count > 0;
}

Test(cuda_products, every_failing_call_is_an_error_or_told)
{
    static const char *const functions[] = {
        "cublasLtCreate",
        "cublasLtMatmul",
        "cublasLtMatmulAlgoGetHeuristic",
        "cublasLtMatmulDescCreate",
        "cublasLtMatmulDescSetAttribute",
        "cublasLtMatmulPreferenceCreate",
        "cublasLtMatmulPreferenceSetAttribute",
        "cublasLtMatrixLayoutCreate",
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
        unsigned nth = 1;
        while (fail_nth(functions[i], nth))
            nth += 1 + nth / 3;
        cr_assert_gt(nth, i == 0 ? 1 : 10, "the %uth call of %s never came", nth, functions[i]);
    }
}
