"""AWS HealthImaging: our DICOM files in, and what became of each; image sets out again, as DICOM files or arrays."""
