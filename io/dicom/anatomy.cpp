#include "io/dicom/anatomy.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace raki {

namespace {

struct Region {
  std::string_view term, code, meaning;
  bool paired;
};

constexpr std::array<Region, 28> regions{{{"ABDOMEN", "818981001", "Abdomen", false},
                                          {"ANKLE", "70258002", "Ankle joint", true},
                                          {"BRAIN", "12738006", "Brain", false},
                                          {"BREAST", "76752008", "Breast", true},
                                          {"CHEST", "816094009", "Chest", false},
                                          {"CSPINE", "122494005", "Cervical spine", false},
                                          {"ELBOW", "16953009", "Elbow joint", true},
                                          {"EXTREMITY", "66019005", "Extremity", true},
                                          {"EYE", "81745001", "Eye", true},
                                          {"FOOT", "56459004", "Foot", true},
                                          {"HAND", "85562004", "Hand", true},
                                          {"HEAD", "69536005", "Head", false},
                                          {"HEADNECK", "774007", "Head and Neck", false},
                                          {"HEART", "80891009", "Heart", false},
                                          {"HIP", "24136001", "Hip joint", true},
                                          {"KIDNEY", "64033007", "Kidney", true},
                                          {"KNEE", "72696002", "Knee", true},
                                          {"LIVER", "10200004", "Liver", false},
                                          {"LSPINE", "122496007", "Lumbar spine", false},
                                          {"NECK", "45048000", "Neck", false},
                                          {"ORBIT", "363654007", "Orbital structure", true},
                                          {"PELVIS", "816092008", "Pelvis", false},
                                          {"PROSTATE", "41216001", "Prostate", false},
                                          {"SHOULDER", "16982005", "Shoulder", true},
                                          {"SPINE", "421060004", "Spine", false},
                                          {"TSPINE", "122495006", "Thoracic spine", false},
                                          {"UTERUS", "35039007", "Uterus", false},
                                          {"WRIST", "74670003", "Wrist joint", true}}};

}  // namespace

AnatomicRegion anatomic_region(std::string_view body_part) {
  std::string term;
  for (const char c : body_part)
    if (c != ' ' && c != '_') term += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto found =
      std::find_if(regions.begin(), regions.end(), [&](const Region& region) { return region.term == term; });
  if (found == regions.end()) return {"", "38266002", "Entire body", true};
  return {term, std::string(found->code), std::string(found->meaning), found->paired};
}

}  // namespace raki
