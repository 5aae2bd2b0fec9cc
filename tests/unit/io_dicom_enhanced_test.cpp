// Where the frames of an enhanced file stand, and how its offset tables lead to them. Outside judges look at
// such files in tests/outside/test_enhanced.py.

#include <gtest/gtest.h>

#include <cstring>

#include "gpu/error.h"
#include "io/dicom/enhanced_mr_image.h"
#include "io/dicom/frame_index.h"
#include "tests/support/dicom_example.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

DicomPlane plane_at(int64_t place, int64_t contrast = 0, int64_t repetition = 0, int64_t set = 0) {
  DicomPlane plane;
  plane.columns = 3;
  plane.rows = 2;
  plane.plane = {{0, 0, static_cast<double>(place)}, {1, 0, 0}, {0, 1, 0}, 1, 1, 1};
  plane.in_stack = plane.label.place = place;
  plane.label.contrast = contrast;
  plane.label.repetition = repetition;
  plane.label.set = set;
  return plane;
}

std::vector<int64_t> of(const FrameDimensions& found, int64_t FrameIndex::*which) {
  std::vector<int64_t> numbers;
  for (const FrameIndex& frame : found.frames) numbers.push_back(frame.*which);
  return numbers;
}

using Numbers = std::vector<int64_t>;

TEST(FrameDimensions, SlicesCountByTheirPlaceAndTimeByRepetition) {
  const auto found = frame_dimensions(Protocol(), {plane_at(3, 0, 5), plane_at(7, 0, 5), plane_at(3, 0, 9)});
  EXPECT_EQ(of(found, &FrameIndex::in_stack), (Numbers{1, 2, 1}));
  EXPECT_EQ(of(found, &FrameIndex::temporal), (Numbers{1, 1, 2}));
  EXPECT_TRUE(found.temporal);
  EXPECT_FALSE(found.echo || found.acquisition);
}

TEST(FrameDimensions, ContrastsAreEchoesWhereTheirTimesDiffer) {
  Protocol protocol;
  protocol.te_ms = {4, 9};
  const std::vector<DicomPlane> planes{plane_at(0, 0), plane_at(0, 1)};
  const auto differ = frame_dimensions(protocol, planes);
  EXPECT_TRUE(differ.echo && !differ.acquisition);
  EXPECT_EQ(of(differ, &FrameIndex::echo), (Numbers{1, 2}));
  for (const std::vector<double>& times : {std::vector<double>{4, 4}, {4, 0}, {4}, {}}) {
    protocol.te_ms = times;
    const auto same = frame_dimensions(protocol, planes);
    EXPECT_TRUE(same.acquisition && !same.echo) << times.size();
    EXPECT_EQ(of(same, &FrameIndex::acquisition), (Numbers{1, 2}));
  }
}

TEST(FrameDimensions, SetsAreAcquisitions) {
  const auto found = frame_dimensions(Protocol(), {plane_at(0, 0, 0, 0), plane_at(0, 0, 0, 1)});
  EXPECT_TRUE(found.acquisition);
  EXPECT_EQ(of(found, &FrameIndex::acquisition), (Numbers{1, 2}));
}

TEST(FrameDimensions, OrientationsAreStacksThatCountFromOne) {
  DicomPlane turned = plane_at(1), next = plane_at(2);
  turned.plane.row_dir = next.plane.row_dir = {0, 0, 1};
  const auto found = frame_dimensions(Protocol(), {plane_at(0), turned, next});
  EXPECT_EQ(of(found, &FrameIndex::stack), (Numbers{1, 2, 2}));
  EXPECT_EQ(of(found, &FrameIndex::in_stack), (Numbers{1, 1, 2}));
}

struct EnhancedExample : Example {
  std::vector<DicomPlane> planes;
  std::vector<PixelImage> images;

  explicit EnhancedExample(int frames) {
    series.protocol = &protocol;
    options.storage = DicomStorage::enhanced_mr_image;
    for (int i = 0; i < frames; ++i) {
      planes.push_back(plane_at(i));
      images.push_back({3, 2, 16, false, {i, 1, 32767, 65535, 7, 9 + i}});
    }
  }
  std::vector<StoredPixels> stored() const {
    std::vector<StoredPixels> result;
    for (const PixelImage& image : images) result.push_back(store_pixels(image, options));
    return result;
  }
};

class EnhancedSyntax : public testing::TestWithParam<const char*> {};

TEST_P(EnhancedSyntax, FramesComeBack) {
  const TemporaryFolder folder;
  EnhancedExample e(3);
  e.options.syntax = transfer_syntax_from_text(GetParam());
  write_enhanced_dicom(folder.path / "a.dcm", e.series, e.planes, e.stored(), e.options);
  EXPECT_EQ(read_image_file(folder.path / "a.dcm"), e.images);
}

INSTANTIATE_TEST_SUITE_P(All, EnhancedSyntax, testing::Values("202", "201", "90", "explicit-le"),
                         [](const auto& one) { return "s" + std::string(one.param).substr(0, 3); });

uint64_t number_at(const std::vector<uint8_t>& bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) number |= static_cast<uint64_t>(bytes[at + i]) << (8 * i);
  return number;
}

size_t place_of(const std::vector<uint8_t>& bytes, const std::vector<uint8_t>& wanted) {
  const auto found = std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
  return found == bytes.end() ? 0 : static_cast<size_t>(found - bytes.begin());
}

/// Every offset, counted from `first`, is that of an item with a codestream.
void expect_frames(const std::vector<uint8_t>& bytes, size_t first, const std::vector<uint64_t>& offsets) {
  for (const uint64_t offset : offsets) {
    EXPECT_EQ(number_at(bytes, first + offset, 4), 0xe000fffeU);
    EXPECT_EQ(number_at(bytes, first + offset + 8, 2), 0x4fffU);
  }
}

TEST(OffsetTable, TheBasicOneLeadsToTheFrames) {
  const TemporaryFolder folder;
  EnhancedExample e(3);
  write_enhanced_dicom(folder.path / "a.dcm", e.series, e.planes, e.stored(), e.options);
  const auto bytes = bytes_of(folder.path / "a.dcm");
  const size_t at = place_of(bytes, {0xe0, 0x7f, 0x10, 0x00, 'O', 'B'});
  ASSERT_GT(at, 0U);
  EXPECT_EQ(place_of(bytes, {0xe0, 0x7f, 0x01, 0x00}), 0U) << "an extended table too";
  ASSERT_EQ(number_at(bytes, at + 16, 4), 12U);
  std::vector<uint64_t> offsets;
  for (size_t i = 0; i < 3; ++i) offsets.push_back(number_at(bytes, at + 20 + 4 * i, 4));
  expect_frames(bytes, at + 32, offsets);
}

TEST(OffsetTable, TheExtendedOneTakesOverAndTheBasicOneIsEmpty) {
  const TemporaryFolder folder;
  EnhancedExample e(3);
  const auto pixels = e.stored();
  write_enhanced_dicom(folder.path / "a.dcm", e.series, e.planes, pixels, e.options, /*most_offset=*/8);
  const auto bytes = bytes_of(folder.path / "a.dcm");
  const size_t table = place_of(bytes, {0xe0, 0x7f, 0x01, 0x00, 'O', 'V'});
  const size_t lengths = place_of(bytes, {0xe0, 0x7f, 0x02, 0x00, 'O', 'V'});
  const size_t at = place_of(bytes, {0xe0, 0x7f, 0x10, 0x00, 'O', 'B'});
  ASSERT_TRUE(table > 0 && lengths == table + 12 + 24 && at == lengths + 12 + 24);
  EXPECT_EQ(number_at(bytes, at + 16, 4), 0U);
  std::vector<uint64_t> offsets;
  for (size_t i = 0; i < 3; ++i) {
    offsets.push_back(number_at(bytes, table + 12 + 8 * i, 8));
    EXPECT_EQ(number_at(bytes, lengths + 12 + 8 * i, 8), pixels[i].bytes.size());
  }
  expect_frames(bytes, at + 20, offsets);
  EXPECT_EQ(read_image_file(folder.path / "a.dcm"), e.images);
}

TEST(EnhancedMrImage, WhatDiffersStandsWithTheFramesAndWhatDoesNotStandsOnce) {
  EnhancedExample e(2);
  e.protocol.te_ms = {4, 9};
  e.planes[1] = plane_at(0, 1);
  const auto has = [](const DicomItem& item, const DicomTag& tag) {
    return std::any_of(item.begin(), item.end(), [&](const DicomAttribute& row) { return row.tag == tag; });
  };
  const DicomTag echo(0x0018, 0x9114), measures(0x0028, 0x9110);
  for (const DicomAttribute& row : enhanced_mr_image_attributes(e.series, e.planes, e.options)) {
    if (row.tag == DicomTag(0x5200, 0x9229)) {
      ASSERT_EQ(row.items.size(), 1U);
      EXPECT_TRUE(has(row.items[0], measures));
      EXPECT_FALSE(has(row.items[0], echo));
    }
    if (row.tag == DicomTag(0x5200, 0x9230)) {
      ASSERT_EQ(row.items.size(), 2U);
      EXPECT_TRUE(has(row.items[0], echo) && has(row.items[1], echo));
      EXPECT_FALSE(has(row.items[0], measures));
    }
  }
}

TEST(EnhancedMrImage, PlanesAndPixelsMustBeAsMany) {
  const TemporaryFolder folder;
  EnhancedExample e(2);
  auto pixels = e.stored();
  pixels.pop_back();
  EXPECT_THROW(write_enhanced_dicom(folder.path / "a.dcm", e.series, e.planes, pixels, e.options), Bug);
}

}  // namespace
}  // namespace raki
