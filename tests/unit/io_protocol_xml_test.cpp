#include "io/parse/protocol_xml.h"

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/ismrmrd_cases.h"

namespace raki {
namespace {

HeaderContents parse(const std::string& text, int64_t encoding = 0) {
  return parse_header(text, encoding, "here");
}

TEST(ProtocolXml, MissingStaysMissing) {
  const HeaderContents contents = parse("<ismrmrdHeader><encoding/></ismrmrdHeader>");
  const Protocol& protocol = contents.protocol;
  EXPECT_FALSE(protocol.encoded_matrix || protocol.recon_matrix || protocol.encoded_fov ||
               protocol.recon_fov);
  EXPECT_FALSE(protocol.limits_ky || protocol.limits_kz || protocol.limits_slice || protocol.trajectory);
  EXPECT_FALSE(protocol.calibration_mode || protocol.acceleration_ky || protocol.echo_train_length);
  EXPECT_FALSE(protocol.vendor || protocol.field_strength_t || protocol.h1_frequency_hz ||
               protocol.receiver_coils);
  EXPECT_FALSE(protocol.relative_receiver_noise_bandwidth || protocol.measurement_id ||
               protocol.patient_position);
  EXPECT_FALSE(protocol.person.patient_name || protocol.person.study_date || protocol.person.weight_kg);
  EXPECT_TRUE(protocol.tr_ms.empty() && protocol.te_ms.empty() && protocol.ti_ms.empty() &&
              protocol.flip_angle_deg.empty());
  EXPECT_TRUE(protocol.coil_names.empty() && contents.unreadable.empty());
  EXPECT_EQ(contents.n_encodings, 1);
}

// Long: one header that holds every field, and what each must become.
TEST(ProtocolXml, EveryFieldIsRead) {
  test::Header header;
  header.limits_kz = {0, 7, 4};
  header.acceleration = 3;
  header.calibration_mode = "separate";
  header.identifier = "ConventionalEPI";
  header.before_encoding =
      "<subjectInformation><patientName>A^B</patientName><patientWeight_kg>71.5</"
      "patientWeight_kg><patientID>P1</patientID>"
      "<patientBirthdate>1970-01-02</patientBirthdate><patientGender>O</patientGender></subjectInformation>"
      "<studyInformation><studyDate>2024-02-06</studyDate><studyTime>17:41:49</studyTime><studyID>S1</"
      "studyID>"
      "<accessionNumber>77</accessionNumber><referringPhysicianName>C</referringPhysicianName>"
      "<studyDescription>D</studyDescription><studyInstanceUID>1.2.3</studyInstanceUID>"
      "<bodyPartExamined>BRAIN</bodyPartExamined></studyInformation>"
      "<measurementInformation><measurementID>M</measurementID><seriesDate>2024-02-07</seriesDate>"
      "<seriesTime>18:00:00</seriesTime><patientPosition>HFS</patientPosition><protocolName>gre</"
      "protocolName>"
      "<seriesDescription>E</seriesDescription><seriesInstanceUIDRoot>1.2</seriesInstanceUIDRoot>"
      "<frameOfReferenceUID>1.4</frameOfReferenceUID></measurementInformation>"
      "<acquisitionSystemInformation><systemVendor>V</systemVendor><systemModel>W</systemModel>"
      "<systemFieldStrength_T>2.9</systemFieldStrength_T>"
      "<relativeReceiverNoiseBandwidth>0.793</relativeReceiverNoiseBandwidth><receiverChannels>2</"
      "receiverChannels>"
      "<coilLabel><coilNumber>1</coilNumber><coilName>H1</coilName></coilLabel>"
      "<coilLabel><coilNumber>0</coilNumber><coilName>H2</coilName></coilLabel>"
      "<institutionName>I</institutionName><stationName>T</stationName><deviceID>42</deviceID>"
      "</acquisitionSystemInformation><experimentalConditions><H1resonanceFrequency_Hz>123206013"
      "</H1resonanceFrequency_Hz></experimentalConditions>";
  header.after_encoding =
      "<sequenceParameters><TR>100</TR><TE>5</TE><TE>10</TE><TI>300</TI><flipAngle_deg>15</flipAngle_deg>"
      "<sequence_type>Flash</sequence_type></sequenceParameters>";
  const HeaderContents contents = parse(test::to_xml(header));
  const Protocol& p = contents.protocol;
  EXPECT_TRUE(contents.unreadable.empty());
  EXPECT_EQ(p.encoded_matrix, (MatrixSize{32, 24, 1}));
  EXPECT_EQ(p.recon_fov->y_mm, 240);
  EXPECT_EQ(p.limits_ky->center, 12);
  EXPECT_EQ(p.limits_kz->maximum, 7);
  EXPECT_EQ(p.trajectory, "cartesian");
  EXPECT_EQ(contents.trajectory_identifier, "ConventionalEPI");
  EXPECT_EQ(p.acceleration_ky, 3);
  EXPECT_EQ(p.acceleration_kz, 1);
  EXPECT_EQ(p.calibration_mode, "separate");
  EXPECT_EQ(p.person.patient_name, "A^B");
  EXPECT_EQ(p.person.patient_id, "P1");
  EXPECT_EQ(p.person.birth_date, "1970-01-02");
  EXPECT_EQ(p.person.sex, "O");
  EXPECT_EQ(p.person.weight_kg, 71.5);
  EXPECT_EQ(p.person.study_date, "2024-02-06");
  EXPECT_EQ(p.person.study_time, "17:41:49");
  EXPECT_EQ(p.person.study_id, "S1");
  EXPECT_EQ(p.person.accession_number, "77");
  EXPECT_EQ(p.person.referring_physician, "C");
  EXPECT_EQ(p.person.study_description, "D");
  EXPECT_EQ(p.person.study_instance_uid, "1.2.3");
  EXPECT_EQ(p.person.body_part, "BRAIN");
  EXPECT_EQ(p.measurement_id, "M");
  EXPECT_EQ(p.series_date, "2024-02-07");
  EXPECT_EQ(p.series_time, "18:00:00");
  EXPECT_EQ(p.patient_position, "HFS");
  EXPECT_EQ(p.protocol_name, "gre");
  EXPECT_EQ(p.series_description, "E");
  EXPECT_EQ(p.series_instance_uid, "1.2");
  EXPECT_EQ(p.frame_of_reference_uid, "1.4");
  EXPECT_EQ(p.vendor, "V");
  EXPECT_EQ(p.system_model, "W");
  EXPECT_EQ(p.field_strength_t, 2.9);
  EXPECT_EQ(p.relative_receiver_noise_bandwidth, 0.793);
  EXPECT_EQ(p.receiver_coils, 2);
  EXPECT_EQ(p.coil_names, (std::vector<std::string>{"H2", "H1"}));
  EXPECT_EQ(p.institution, "I");
  EXPECT_EQ(p.station, "T");
  EXPECT_EQ(p.device_id, "42");
  EXPECT_EQ(p.h1_frequency_hz, 123206013);
  EXPECT_EQ(p.tr_ms, std::vector<double>{100});
  EXPECT_EQ(p.te_ms, (std::vector<double>{5, 10}));
  EXPECT_EQ(p.ti_ms, std::vector<double>{300});
  EXPECT_EQ(p.flip_angle_deg, std::vector<double>{15});
  EXPECT_EQ(p.sequence_type, "Flash");
}

TEST(ProtocolXml, SizesMayBeWrittenAsFractions) {
  test::Header header;
  header.encoded = test::Size{"40.0", " 24 ", "1"};
  EXPECT_EQ(parse(test::to_xml(header)).protocol.encoded_matrix, (MatrixSize{40, 24, 1}));
}

TEST(ProtocolXml, NonsenseIsMissingAndListed) {
  test::Header header;
  header.encoded = test::Size{"40.5", "24", "1"};
  header.recon_fov = test::Size{"0", "240", "5"};
  header.before_encoding =
      "<acquisitionSystemInformation><systemFieldStrength_T>0</systemFieldStrength_T>"
      "</acquisitionSystemInformation><experimentalConditions><H1resonanceFrequency_Hz>"
      "139771965675296</H1resonanceFrequency_Hz></experimentalConditions>";
  header.after_encoding = "<sequenceParameters><TR>soon</TR></sequenceParameters>";
  const HeaderContents contents = parse(test::to_xml(header));
  EXPECT_FALSE(contents.protocol.encoded_matrix.has_value());
  EXPECT_FALSE(contents.protocol.recon_fov.has_value());
  EXPECT_FALSE(contents.protocol.field_strength_t.has_value());
  EXPECT_FALSE(contents.protocol.h1_frequency_hz.has_value());
  EXPECT_TRUE(contents.protocol.tr_ms.empty());
  EXPECT_EQ(contents.unreadable,
            (std::vector<std::string>{"x", "x", "systemFieldStrength_T", "H1resonanceFrequency_Hz", "TR"}));
}

TEST(ProtocolXml, NamespacePrefixesDoNotMatter) {
  const auto contents = parse(
      "<m:ismrmrdHeader "
      "xmlns:m=\"u\"><m:encoding><m:trajectory>radial</m:trajectory></m:encoding></m:ismrmrdHeader>");
  EXPECT_EQ(contents.protocol.trajectory, "radial");
}

TEST(ProtocolXml, TheChosenEncodingCounts) {
  const std::string text =
      "<ismrmrdHeader><encoding><trajectory>cartesian</trajectory></encoding>"
      "<encoding><trajectory>epi</trajectory></encoding></ismrmrdHeader>";
  EXPECT_EQ(parse(text, 0).protocol.trajectory, "cartesian");
  EXPECT_EQ(parse(text, 1).protocol.trajectory, "epi");
  EXPECT_EQ(parse(text, 1).n_encodings, 2);
  EXPECT_FALSE(parse(text, 2).protocol.trajectory.has_value());
}

TEST(ProtocolXml, WhatIsNoHeaderIsRefused) {
  for (const char* const text : {"", "text", "<a>", "<other/>", "<ismrmrdHeader>"}) {
    try {
      parse(text);
      ADD_FAILURE() << text;
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_EQ(error.facts().where, "here");
    }
  }
}

}  // namespace
}  // namespace raki
