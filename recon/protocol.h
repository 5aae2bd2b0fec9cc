#pragma once
// What a scan's header says, as plain optional values with units. Missing is missing, never zero. Nothing in
// here is trusted before it was compared with the acquisitions (io/scan_plan does that).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace raki {

struct MatrixSize {
  int64_t x = 0, y = 0, z = 0;
  bool operator==(const MatrixSize&) const = default;
};
struct FieldOfView {
  double x_mm = 0, y_mm = 0, z_mm = 0;
};
struct EncodingLimits {
  int64_t minimum = 0, maximum = 0, center = 0;
};

/// Names of the person and the study. Never logged.
struct PatientAndStudy {
  std::optional<std::string> patient_name, patient_id, birth_date, sex, study_id, study_date, study_time,
      study_instance_uid, accession_number, referring_physician, study_description, body_part;
  std::optional<double> weight_kg;
};

struct Protocol {
  std::optional<MatrixSize> encoded_matrix, recon_matrix;
  std::optional<FieldOfView> encoded_fov, recon_fov;
  std::optional<EncodingLimits> limits_ky, limits_kz, limits_slice;
  std::optional<std::string> trajectory;  ///< as written: "cartesian", "epi", "spiral", ...
  std::optional<std::string>
      calibration_mode;  ///< "embedded", "separate", "interleaved", "external", "other"
  std::optional<int64_t> acceleration_ky, acceleration_kz;

  std::vector<double> tr_ms, te_ms, ti_ms, flip_angle_deg;  ///< by contrast; empty when missing
  std::optional<std::string> sequence_type;
  std::optional<int64_t> echo_train_length;

  std::optional<std::string> vendor, system_model, institution, station, device_id, protocol_name,
      series_description, patient_position, measurement_id, frame_of_reference_uid, series_date, series_time,
      series_instance_uid;
  std::optional<double> field_strength_t;
  std::optional<double> h1_frequency_hz;
  std::optional<double> relative_receiver_noise_bandwidth;
  std::optional<int64_t> receiver_coils;
  std::vector<std::string> coil_names;

  PatientAndStudy person;
};

}  // namespace raki
