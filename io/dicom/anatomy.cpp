#include "io/dicom/anatomy.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace raki {

namespace {

struct Region {
  std::string_view term, code, meaning;
};

constexpr std::array<Region, 28> regions{{{"ABDOMEN", "818981001", "Abdomen"},
                                          {"ANKLE", "70258002", "Ankle joint"},
                                          {"BRAIN", "12738006", "Brain"},
                                          {"BREAST", "76752008", "Breast"},
                                          {"CHEST", "816094009", "Chest"},
                                          {"CSPINE", "122494005", "Cervical spine"},
                                          {"ELBOW", "16953009", "Elbow joint"},
                                          {"EXTREMITY", "66019005", "Extremity"},
                                          {"EYE", "81745001", "Eye"},
                                          {"FOOT", "56459004", "Foot"},
                                          {"HAND", "85562004", "Hand"},
                                          {"HEAD", "69536005", "Head"},
                                          {"HEADNECK", "774007", "Head and Neck"},
                                          {"HEART", "80891009", "Heart"},
                                          {"HIP", "24136001", "Hip joint"},
                                          {"KIDNEY", "64033007", "Kidney"},
                                          {"KNEE", "72696002", "Knee"},
                                          {"LIVER", "10200004", "Liver"},
                                          {"LSPINE", "122496007", "Lumbar spine"},
                                          {"NECK", "45048000", "Neck"},
                                          {"ORBIT", "363654007", "Orbital structure"},
                                          {"PELVIS", "816092008", "Pelvis"},
                                          {"PROSTATE", "41216001", "Prostate"},
                                          {"SHOULDER", "16982005", "Shoulder"},
                                          {"SPINE", "421060004", "Spine"},
                                          {"TSPINE", "122495006", "Thoracic spine"},
                                          {"UTERUS", "35039007", "Uterus"},
                                          {"WRIST", "74670003", "Wrist joint"}}};

}  // namespace

AnatomicRegion anatomic_region(std::string_view body_part) {
  std::string term;
  for (const char c : body_part)
    if (c != ' ' && c != '_') term += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto found =
      std::find_if(regions.begin(), regions.end(), [&](const Region& region) { return region.term == term; });
  if (found == regions.end()) return {"38266002", "Entire body", false};
  return {std::string(found->code), std::string(found->meaning)};
}

}  // namespace raki
