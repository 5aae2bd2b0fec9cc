// Headers that are wrong, odd or not there.

#include <hdf5.h>
#include <array>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

namespace fs = std::filesystem;

std::string replaced(std::string text, const std::string& old, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += by.size())
    text.replace(at, old.size(), by);
  return text;
}

/// The full scan under this header text.
Writer under(const std::string& xml) {
  return [xml](const fs::path& folder) {
    write_scan(folder / "scan.h5", xml, full_scan());
    return folder / "scan.h5";
  };
}

const MatrixSize whole{32, 24, 1};

void add_numbers(Traps& traps) {
  Header floats;
  floats.encoded = Size{"32.0", "24.0", "1.0"};
  floats.recon = Size{"32.000", "2.4e1", "1."};
  traps.push_back({"matrix written as floats",
                   "consoles write them",
                   scan(full_scan(), floats),
                   {.matrix = whole, .image = whole}});
  Header words;
  words.encoded = Size{"many", "24", "1"};
  traps.push_back({"matrix that is no number",
                   "missing, and said",
                   scan(full_scan(), words),
                   {.contradicted = {"header"}, .said = {{"header", "x makes no sense"}}, .matrix = whole}});
  Header negative;
  negative.encoded = Size{"-32", "0", "1"};
  traps.push_back({"matrix below one",
                   "never cropped to a wrong matrix",
                   scan(full_scan(), negative),
                   {.matrix = whole}});
  Header huge;
  huge.encoded = huge.recon = Size{"32", "99999999999999999999", "1"};
  traps.push_back({"matrix beyond all numbers",
                   "nothing is allocated by it",
                   scan(full_scan(), huge),
                   {.contradicted = {"header"}, .matrix = whole}});
  Header large = sized(32, 24);
  large.encoded = Size{"32", "900000000", "1"};
  traps.push_back({"matrix of 900 million lines",
                   "nothing is allocated by it: the lines give the matrix",
                   scan(full_scan(), large),
                   {.contradicted = {"ky lines", "field of view"}, .matrix = whole}});
  Header recon;
  recon.recon = Size{"320", "240", "1"};
  traps.push_back({"image matrix ten times the encoded one",
                   "beyond a factor of 4 it is a mistake, and said",
                   scan(full_scan(), recon),
                   {.contradicted = {"image matrix"}, .image = whole}});
  Header nowhere;
  nowhere.encoded_fov = nowhere.recon_fov = Size{"0", "0", "0"};
  traps.push_back({"field of view of zero",
                   "a stand-in, and said",
                   scan(full_scan(), nowhere),
                   {.contradicted = {"header", "field of view"}, .matrix = whole}});
  Header infinite;
  infinite.encoded_fov = infinite.recon_fov = Size{"inf", "nan", "5"};
  traps.push_back({"field of view that is infinite",
                   "a stand-in, and said",
                   scan(full_scan(), infinite),
                   {.contradicted = {"header", "field of view"}, .matrix = whole}});
}

void add_wrong(Traps& traps) {
  Header pulseq = sized(16, 12, 2);
  pulseq.limits_ky = {0, 0, 12};
  pulseq.limits_kz.reset();
  pulseq.recon = Size{"16", "24", "1"};
  traps.push_back(
      {"dummy header of a Pulseq scan",
       "brain16_gre_128x128: everything comes from the lines",
       scan(full_scan(), pulseq),
       {.contradicted = {"readout", "ky lines", "ky centre", "kz lines", "image matrix", "field of view"},
        .matrix = whole,
        .image = whole}});
  Header bare;
  bare.encoded.reset();
  bare.recon.reset();
  bare.encoded_fov.reset();
  bare.recon_fov.reset();
  bare.limits_ky.reset();
  traps.push_back({"header without sizes",
                   "the lines are enough",
                   scan(full_scan(), bare),
                   {.contradicted = {"field of view"}, .matrix = whole, .image = whole}});
  const std::string root = "<?xml version=\"1.0\"?><ismrmrdHeader xmlns=\"http://www.ismrm.org/ISMRMRD\">";
  traps.push_back({"header without an encoding",
                   "the lines are enough",
                   under(root + "</ismrmrdHeader>"),
                   {.contradicted = {"field of view", "trajectory"}, .matrix = whole}});
  const auto second = each(full_scan(), [](Line& line) { line.encoding_space = 7; });
  traps.push_back({"encoding space that the header lacks",
                   "the lines are enough",
                   scan(second),
                   {.contradicted = {"field of view", "trajectory"}, .matrix = whole}});
}

void add_vendors(Traps& traps) {
  Header siemens, other;
  siemens.vendor = "SIEMENS";
  other.vendor = "GE MEDICAL SYSTEMS";
  traps.push_back({"directions of Siemens",
                   "they assume a forward transform: said",
                   scan(full_scan(), siemens),
                   {.said = {{"orientation", "turned"}}, .matrix = whole}});
  traps.push_back(
      {"directions of another vendor", "used as they are", scan(full_scan(), other), {.matrix = whole}});
  Header silent;
  silent.before_encoding = "<acquisitionSystemInformation/><experimentalConditions/>";
  traps.push_back({"system information that is empty",
                   "any part may be missing",
                   scan(full_scan(), silent),
                   {.matrix = whole}});
}

void add_text(Traps& traps) {
  const std::string xml = to_xml({});
  const std::string plain = replaced(xml, " xmlns=\"http://www.ismrm.org/ISMRMRD\"", "");
  traps.push_back({"header without a namespace", "namespaces are ignored", under(plain), {.matrix = whole}});
  const std::string prefixed =
      replaced(replaced(replaced(plain, "</", "</ns0:"), "<", "<ns0:"), "<ns0:/ns0:", "</ns0:");
  traps.push_back({"header with prefixed names",
                   "Python's ElementTree writes ns0:",
                   under(replaced(replaced(prefixed, "<ns0:?xml", "<?xml"), "<ns0:ismrmrdHeader",
                                  "<ns0:ismrmrdHeader xmlns:ns0=\"http://www.ismrm.org/ISMRMRD\"")),
                   {.matrix = whole}});
  traps.push_back({"header with a byte-order mark",
                   "written on Windows",
                   under("\xef\xbb\xbf" + xml),
                   {.matrix = whole}});
  traps.push_back({"header with comments",
                   "any XML",
                   under(replaced(xml, "<encoding>", "<!-- <encoding> --><encoding>")),
                   {.matrix = whole}});
  std::string parameters = "<userParameters>";
  for (int i = 0; i < 5000; ++i)
    parameters += "<userParameterLong><name>n</name><value>1</value></userParameterLong>";
  Header many;
  many.after_encoding = parameters + "</userParameters>";
  traps.push_back(
      {"five thousand user parameters", "they are unbounded", scan(full_scan(), many), {.matrix = whole}});
  traps.push_back({"header that is no XML", "refused", under("this is no header"), {.refused = {"not XML"}}});
  traps.push_back(
      {"header that is cut off", "refused", under(xml.substr(0, xml.size() / 2)), {.refused = {"not XML"}}});
  traps.push_back({"header of another kind",
                   "refused",
                   under("<?xml version=\"1.0\"?><protocol/>"),
                   {.refused = {"not ISMRMRD's", "protocol"}}});
  traps.push_back({"header nested ten thousand deep",
                   "no stack is spent on it",
                   under("<ismrmrdHeader>" + replaced(std::string(10000, 'x'), "x", "<a>") +
                         replaced(std::string(10000, 'x'), "x", "</a>") + "</ismrmrdHeader>"),
                   {.contradicted = {"field of view", "trajectory"}, .matrix = whole}});
}

/// Stores the header as one string in an array of one, or as an array of two.
Writer header_array(hsize_t count) {
  return [count](const fs::path& folder) {
    write_scan(folder / "scan.h5", to_xml({}), full_scan());
    const std::string xml = to_xml({});
    const std::vector<const char*> texts(count, xml.c_str());
    const hid_t file = H5Fopen((folder / "scan.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, "dataset/xml", H5P_DEFAULT);
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &count, nullptr);
    H5Tset_size(type, H5T_VARIABLE);
    const hid_t data = H5Dcreate2(file, "dataset/xml", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data());
    H5Dclose(data);
    H5Sclose(space);
    H5Tclose(type);
    H5Fclose(file);
    return folder / "scan.h5";
  };
}

void add_storage(Traps& traps) {
  traps.push_back({"header of fixed length",
                   "breaks libismrmrd",
                   [](const fs::path& folder) {
                     write_scan(folder / "scan.h5", to_xml({}), full_scan());
                     write_fixed_length_header(folder / "scan.h5", to_xml({}));
                     return folder / "scan.h5";
                   },
                   {.matrix = whole}});
  traps.push_back(
      {"header as an array of one string", "array or scalar", header_array(1), {.matrix = whole}});
  traps.push_back(
      {"header as two strings", "which of them", header_array(2), {.refused = {"header cannot be read"}}});
}

}  // namespace

void add_header_traps(Traps& traps) {
  add_numbers(traps);
  add_wrong(traps);
  add_vendors(traps);
  add_text(traps);
  add_storage(traps);
}

}  // namespace raki::test
