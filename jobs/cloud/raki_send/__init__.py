"""Sends DICOM files to a DICOMweb server (STOW-RS, DICOM PS3.18 section 10.5). Start reading at delivery.py."""
