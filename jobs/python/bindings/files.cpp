// Phantoms, evaluation, compressed images: what is neither a step nor a scan.

#include <ATen/ATen.h>

#include "io/image_file.h"
#include "io/phantom_file.h"
#include "jobs/cli/options.h"
#include "jobs/evaluate.h"
#include "jobs/python/bindings/common.h"
#include "recon/phantom.h"

namespace raki::python {

namespace {

PhantomOptions phantom_of(const py::dict& given) {
  PhantomOptions options;
  set_options(given, [&](CLI::App& command) { add_phantom_options(command, options); });
  return options;
}

/// k-space as the scan would measure it, (frame, coil, kz, ky, kx), its readouts still oversampled.
struct PhantomArrays {
  at::Tensor kspace, mask, noise, truth, fields;
};

PhantomArrays phantom_arrays(const PhantomOptions& options) {
  PhantomArrays made;
  const at::Tensor clean = phantom_kspace(options);
  made.mask = phantom_mask(options);
  made.truth = phantom_density(options);
  made.fields = phantom_coil_fields(options);
  const at::Tensor covariance = phantom_noise_covariance(options);
  const int64_t coils = clean.size(axis::coil), samples = clean.numel() / coils;
  const auto dims = clean.sizes();
  const at::Tensor noise = phantom_noise(covariance, samples, options.seed)
                               .view({coils, dims[0], dims[2], dims[3], dims[4]})
                               .permute({1, 0, 2, 3, 4});
  made.kspace =
      at::where(made.mask.view({1, 1, dims[2], dims[3], 1}), clean + noise, at::zeros({}, clean.options()));
  constexpr int64_t noise_samples = 4096;
  made.noise = phantom_noise(covariance, noise_samples, options.seed + 1);
  return made;
}

void bind_phantom(py::module_& module) {
  module.def("phantom", [](const py::dict& given) {
    const PhantomOptions options = phantom_of(given);
    PhantomArrays made;
    {
      const Work work(Device::cpu());
      made = phantom_arrays(options);
    }
    return py::dict(py::arg("kspace") = made.kspace, py::arg("mask") = made.mask,
                    py::arg("noise") = made.noise, py::arg("truth") = made.truth,
                    py::arg("fields") = made.fields, py::arg("oversampling") = options.oversampling);
  });
  module.def("write_phantom", [](const std::string& path, const std::string& truth, const py::dict& given) {
    const PhantomOptions options = phantom_of(given);
    const Work work(Device::cpu());
    write_phantom(path, truth, options);
  });
}

py::dict row_of(const EvaluateRow& row) {
  py::dict table(py::arg("method") = to_text(row.method), py::arg("seed") = row.seed,
                 py::arg("frame") = row.frame, py::arg("nrmse") = row.metrics.nrmse,
                 py::arg("psnr_db") = row.metrics.psnr_db, py::arg("ssim") = row.metrics.ssim,
                 py::arg("ssim_masked") = row.metrics.ssim_masked,
                 py::arg("residual_structure") = row.metrics.residual_structure, py::arg("kept") = row.kept,
                 py::arg("recovered") = row.recovered, py::arg("seconds") = row.seconds,
                 py::arg("method_used") = to_text(row.evidence.method_used));
  return table;
}

void bind_evaluation(py::module_& module) {
  module.def("evaluate", [](const at::Tensor& full, const std::vector<std::string>& methods, bool unit_noise,
                            const py::dict& given, const py::object& progress) {
    EvaluateOptions options;
    set_options(given, [&](CLI::App& command) { add_evaluation_options(command, options); });
    for (const std::string& name : methods) options.methods.push_back(method_from_text(name));
    const Progress tell = progress_of(progress);
    Evaluation found;
    {
      const Work work(device_holding(full));
      const CoilBasis basis{unit_noise ? CoilBasis::Kind::whitened : CoilBasis::Kind::physical,
                            full.size(axis::coil), unit_noise};
      found = evaluate(KSpace(full, basis), options, tell);
    }
    py::list rows;
    for (const EvaluateRow& row : found.rows) rows.append(row_of(row));
    return py::dict(py::arg("rows") = rows, py::arg("sampling") = found.sampling,
                    py::arg("reference") = found.reference, py::arg("images") = found.images);
  });
}

/// (component, y, x) int32; one plane where there is one.
at::Tensor to_tensor(const PixelImage& image) {
  const at::Tensor planes =
      at::tensor(image.samples, at::kInt).view({image.components, image.height, image.width});
  return image.components == 1 ? planes[0] : planes.permute({1, 2, 0}).contiguous();
}

DecodeOptions decoding_of(int reduce, const std::optional<std::array<int64_t, 4>>& region,
                          std::optional<int64_t> tile) {
  DecodeOptions options{reduce, {}, tile};
  if (region) {
    const auto [x, y, width, height] = *region;
    options.region = GridBox{x, y, x + width, y + height};
  }
  return options;
}

void bind_decoding(py::module_& module) {
  module.def(
      "decode", [](const std::string& path, int reduce, const std::optional<std::array<int64_t, 4>>& region,
                   std::optional<int64_t> tile, const std::string& device) {
        std::vector<at::Tensor> frames;
        int bits = 0;
        bool is_signed = false;
        {
          const Work work(select_device(device));
          const auto images =
              read_image_files({path}, decoding_of(reduce, region, tile), threads(), select_device(device));
          for (const PixelImage& image : images.front()) {
            frames.push_back(to_tensor(image));
            bits = image.bits;
            is_signed = image.is_signed;
          }
        }
        return py::make_tuple(frames, bits, is_signed);
      });
}

void bind_options(py::module_& module) {
  module.def("options", [](const std::string& of) {
    if (of == "evaluate") {
      EvaluateOptions options;
      return options_of([&](CLI::App& command) { add_evaluation_options(command, options); });
    }
    if (of == "phantom") {
      PhantomOptions options;
      return options_of([&](CLI::App& command) { add_phantom_options(command, options); });
    }
    ReconOptions options;
    return options_of([&](CLI::App& command) {
      if (of == "read_scan") return add_reader_options(command, options.reader);
      if (of == "write") return add_file_options(command, options);
      add_interpolation_options(command, options.interpolation);
      if (of == "interpolate") return;
      add_selection_options(command, options);
      add_image_options(command, options);
    });
  });
}

}  // namespace

void bind_files(py::module_& module) {
  bind_phantom(module);
  bind_evaluation(module);
  bind_decoding(module);
  bind_options(module);
}

}  // namespace raki::python
