#include "jobs/network_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gpu/error.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

GateLessons some_lessons() {
  GateLessons lessons;
  lessons.scope = {8, 256, 230, 1, 4, 1};
  lessons.training.gate = make_gate(1, at::empty({0}));
  lessons.training.gate.weights = at::randn({3, 8}) / 3;
  lessons.training.gate.bias = at::randn({3}) / 3;
  lessons.training.gate.damping = 0.5;
  lessons.training.losses = {1, 0.9 / 7, 0.1};
  lessons.training.half_gain = 0.1 / 3;
  lessons.half_detail = 1.0 / 3;
  lessons.half_noise = 7.0 / 3;
  lessons.detail = 0.4;
  return lessons;
}

std::filesystem::path written(const TemporaryFolder& folder, const std::string& text) {
  const auto path = folder.path / "network.json";
  std::ofstream(path) << text;
  return path;
}

TEST(NetworkFile, GivesBackWhatWasSavedToTheBit) {
  const TemporaryFolder folder;
  const GateLessons lessons = some_lessons();
  const auto read = read_network(written(folder, network_text(lessons)));
  EXPECT_EQ(read->scope, lessons.scope);
  EXPECT_TRUE(read->training.gate.weights.equal(lessons.training.gate.weights));
  EXPECT_TRUE(read->training.gate.bias.equal(lessons.training.gate.bias));
  EXPECT_EQ(read->training.gate.damping, lessons.training.gate.damping);
  EXPECT_EQ(read->training.losses, lessons.training.losses);
  EXPECT_EQ(read->training.half_gain, lessons.training.half_gain);
  EXPECT_EQ(read->half_detail, lessons.half_detail);
  EXPECT_EQ(read->half_noise, lessons.half_noise);
  EXPECT_EQ(read->detail, lessons.detail);
  EXPECT_EQ(network_text(*read), network_text(lessons));
}

TEST(NetworkFile, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  const std::string good = network_text(some_lessons());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    return text.replace(place, from.size(), to);
  };
  for (const std::string& text :
       {std::string("no JSON"), std::string("[1, 2]"), std::string("{}"), good.substr(0, good.size() / 2),
        with("raki gate", "another"), with("\"version\": 1", "\"version\": 2"),
        with("\"version\": 1", "\"version\": \"1\""), with("\"weights\": [", "\"weights\": [1,"),
        with("\"bias\"", "\"bios\""), with("\"weights\": [", "\"weights\": [1e999,"),
        with("\"detail\": 0.4", "\"detail\": -1"), with("\"detail\": 0.4", "\"detail\": null"),
        with("\"coils\": 8", "\"coils\": \"many\""), std::string(2 << 20, ' ')}) {
    try {
      read_network(written(folder, text));
      ADD_FAILURE() << text.substr(0, 200);
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data) << error.what();
    }
  }
  EXPECT_THROW(read_network(folder.path / "missing.json"), InputError);
}

}  // namespace
}  // namespace raki
