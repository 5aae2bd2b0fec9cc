#include "jobs/network_file.h"

#include <ATen/ATen.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/error.h"
#include "io/parse/input_file.h"
#include "jobs/version.h"

namespace raki {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* format_name = "raki gate";
constexpr int64_t format_version = 1;
constexpr uint64_t most_bytes = 1 << 20;

std::vector<double> numbers_of(const at::Tensor& values) {
  const at::Tensor flat = values.to(at::kCPU, at::kDouble).flatten().contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

[[noreturn]] void refuse(const std::string& found, const std::filesystem::path& path) {
  throw InputError({"Not a network file", found,
                    "a file of raki train, version " + std::to_string(format_version),
                    path.filename().string(), ""});
}

double finite(const Json& json, const char* name) {
  const double value = json.at(name).get<double>();
  if (!std::isfinite(value)) throw std::out_of_range(std::string(name) + " is not a number");
  return value;
}

/// `json[name]` in the shape of `like`, float32.
at::Tensor tensor_like(const at::Tensor& like, const Json& json, const char* name) {
  const auto values = json.at(name).get<std::vector<double>>();
  if (static_cast<int64_t>(values.size()) != like.numel())
    throw std::out_of_range(std::string(name) + " has " + std::to_string(values.size()) + " numbers, " +
                            std::to_string(like.numel()) + " needed");
  for (const double value : values)
    if (!std::isfinite(value)) throw std::out_of_range(std::string(name) + " is not finite");
  return at::tensor(values, at::kDouble).to(at::kFloat).view_as(like);
}

GateScope scope_of(const Json& json) {
  const auto matrix = json.at("matrix").get<std::array<int64_t, 3>>();
  const auto acceleration = json.at("acceleration").get<std::array<int64_t, 2>>();
  return {json.at("coils").get<int64_t>(), matrix[0], matrix[1], matrix[2], acceleration[0], acceleration[1]};
}

/// @throws std::exception saying what is wrong.
GateLessons lessons_of(const Json& json) {
  GateLessons lessons;
  lessons.scope = scope_of(json);
  lessons.detail = finite(json, "detail");
  if (!(lessons.detail > 0)) throw std::out_of_range("detail is not above 0");
  lessons.half_detail = finite(json, "half_detail");
  lessons.half_noise = finite(json, "half_noise");
  GateTraining& training = lessons.training;
  training.losses = json.at("losses").get<std::vector<double>>();
  training.half_gain = finite(json, "half_gain");
  training.gate = make_gate(lessons.detail, at::empty({0}));
  training.gate.damping = finite(json, "damping");
  training.gate.weights = tensor_like(training.gate.weights, json, "weights");
  training.gate.bias = tensor_like(training.gate.bias, json, "bias");
  return lessons;
}

}  // namespace

std::string network_text(const GateLessons& lessons) {
  const GateScope& s = lessons.scope;
  const Gate& gate = lessons.training.gate;
  const Json json{{"format", format_name},
                  {"version", format_version},
                  {"raki", version},
                  {"coils", s.coils},
                  {"matrix", {s.n_kx, s.n_ky, s.n_kz}},
                  {"acceleration", {s.acceleration_ky, s.acceleration_kz}},
                  {"detail", lessons.detail},
                  {"half_detail", lessons.half_detail},
                  {"half_noise", lessons.half_noise},
                  {"half_gain", lessons.training.half_gain},
                  {"damping", gate.damping},
                  {"weights", numbers_of(gate.weights)},
                  {"bias", numbers_of(gate.bias)},
                  {"losses", lessons.training.losses}};
  return json.dump(1) + "\n";
}

std::shared_ptr<const GateLessons> read_network(const std::filesystem::path& path) {
  if (const uint64_t bytes = check_input_file(path); bytes > most_bytes)
    refuse(std::to_string(bytes) + " bytes", path);
  std::ifstream file(path, std::ios::binary);
  try {
    const Json json = Json::parse(file);
    if (json.at("format") != format_name) refuse("another format", path);
    if (json.at("version") != format_version) refuse("version " + json.at("version").dump(), path);
    return std::make_shared<const GateLessons>(lessons_of(json));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    refuse(error.what(), path);
  }
}

}  // namespace raki
