// What `raki evaluate` measures, and how it prints it.

#include "jobs/evaluate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "gpu/error.h"
#include "jobs/evaluation_picture.h"
#include "jobs/evaluation_table.h"
#include "recon/phantom.h"

namespace raki {
namespace {

KSpace phantom_scan() {
  PhantomOptions options;
  options.matrix_x = options.matrix_y = 48;
  options.slices = 1;
  options.coils = 4;
  options.oversampling = 1;
  return KSpace(phantom_kspace(options), {CoilBasis::Kind::physical, 4, false});
}

EvaluateOptions quick(std::vector<Method> methods) {
  EvaluateOptions options;
  options.methods = std::move(methods);
  options.lattice = {.acceleration_ky = 2, .acs_ky = 16};
  return options;
}

TEST(Evaluate, EveryMethodRunsOnceASeed) {
  EvaluateOptions options = quick({Method::zero_filled, Method::grappa});
  options.repeats = 3;
  options.interpolation.seed = 5;
  const Evaluation found = evaluate(phantom_scan(), options);
  ASSERT_EQ(found.rows.size(), 6U);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(found.rows[i].method, i < 3 ? Method::zero_filled : Method::grappa);
    EXPECT_EQ(found.rows[i].seed, 5 + i % 3);
    EXPECT_EQ(found.rows[i].metrics.nrmse, found.rows[i / 3 * 3].metrics.nrmse);
    EXPECT_FALSE(found.rows[i].recovered);
  }
  EXPECT_EQ(found.images.size(), 2U);
  EXPECT_TRUE(found.noise.empty());
}

TEST(Evaluate, ZeroFillingKeepsNothingAndAFullScanAll) {
  EvaluateOptions options = quick({Method::zero_filled});
  options.blobs.peak = 5;
  const EvaluateRow half = evaluate(phantom_scan(), options).rows[0];
  EXPECT_EQ(half.kept, 0);
  EXPECT_LT(half.recovered.value(), 0.9);
  options.lattice = {.acceleration_ky = 1};
  const EvaluateRow whole = evaluate(phantom_scan(), options).rows[0];
  EXPECT_TRUE(std::isnan(whole.kept));
  EXPECT_NEAR(whole.recovered.value(), 1, 1e-4);
}

TEST(Evaluate, RefusesWhatHasNoAnswer) {
  EvaluateOptions options = quick({Method::zero_filled});
  const KSpace full = phantom_scan();
  const KSpace empty(at::zeros_like(full.samples), full.basis);
  EXPECT_THROW(evaluate(empty, options), InputError);
  options.repeats = 0;
  EXPECT_THROW(evaluate(full, options), InputError);
  options.repeats = 1;
  options.blobs.peak = -1;
  EXPECT_THROW(evaluate(full, options), InputError);
}

EvaluateRow row(uint64_t seed, double nrmse) {
  EvaluateRow made;
  made.seed = seed;
  made.metrics.nrmse = nrmse;
  made.kept = std::nan("");
  return made;
}

Evaluation two_seeds() {
  const at::Tensor mask = at::tensor({1, 0, 1, 1}).to(at::kBool).unsqueeze(0);
  return {detect_sampling(mask, {0, 4}, {0, 1}), {row(1, 0.1), row(2, 0.3)}, {}, {}, {}, {}};
}

TEST(EvaluationTable, SpreadIsThatOfASample) {
  EXPECT_EQ(spread({1, 3}).mean, 2);
  EXPECT_NEAR(spread({1, 3}).sd, std::sqrt(2.0), 1e-12);
  EXPECT_EQ(spread({4}).mean, 4);
  EXPECT_TRUE(std::isnan(spread({4}).sd));
  EXPECT_TRUE(std::isnan(spread({}).mean));
}

TEST(EvaluationTable, ShowsMeansAndSdAndNoEmptyColumn) {
  const std::string text = to_table(two_seeds());
  EXPECT_NE(text.find("0.2000"), std::string::npos) << text;
  EXPECT_NE(text.find("0.1414"), std::string::npos) << text;
  EXPECT_EQ(text.find("kept"), std::string::npos) << text;
  EXPECT_EQ(text.find("recovered"), std::string::npos) << text;
}

TEST(EvaluationTable, JsonHoldsEveryRowTheSummaryAndTheMask) {
  const auto json = nlohmann::json::parse(to_json(two_seeds()));
  EXPECT_EQ(json["mask"][0], "1011");
  EXPECT_EQ(json["rows"].size(), 2U);
  EXPECT_EQ(json["rows"][1]["seed"], 2);
  EXPECT_TRUE(json["rows"][0]["kept"].is_null());
  EXPECT_EQ(json["summary"][0]["repeats"], 2);
  EXPECT_NEAR(json["summary"][0]["nrmse"]["mean"].get<double>(), 0.2, 1e-12);
  EXPECT_TRUE(json["summary"][0]["kept"]["mean"].is_null());
}

TEST(EvaluationPicture, HasThreeRowsWithAWindowEach) {
  const at::Tensor truth = at::ones({1, 1, 2, 3}, at::kFloat);
  const Evaluation evaluation{{}, {}, truth, {truth * 1.1, truth * 3}, truth * 2, {truth * 4, truth * 8}};
  const PixelImage found = picture(evaluation);
  EXPECT_EQ(found.width, 9);
  EXPECT_EQ(found.height, 6);
  EXPECT_EQ(found.bits, 8);
  const auto value = [&](size_t line, size_t column) { return found.samples[line * 9 + column]; };
  EXPECT_EQ(value(0, 0), 255);
  EXPECT_EQ(value(0, 3), 255);             // brighter than white
  EXPECT_EQ(value(2, 0), 0);               // the truth has no error
  EXPECT_NEAR(value(2, 3), 0.5 * 255, 1);  // 0.1 times 5
  EXPECT_EQ(value(2, 6), 255);
  EXPECT_NEAR(value(4, 0), 255 / 4.0, 1);
  EXPECT_NEAR(value(5, 5), 255 / 2.0, 1);
  EXPECT_EQ(value(5, 8), 255);
  EXPECT_THROW(picture({{}, {}, truth, {truth}, {}, {}}), Bug);
}

}  // namespace
}  // namespace raki
