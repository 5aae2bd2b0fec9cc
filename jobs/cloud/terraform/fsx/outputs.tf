output "mount_path" {
  description = "For read_only_mounts of module compute."
  value       = var.mount_path
}

output "host_script" {
  description = "For host_script of module compute: mounts the file system, read-only, when an instance starts. The package comes from S3 and needs no internet."
  value       = <<-END
    dnf install -y lustre-client
    mkdir -p ${var.mount_path}
    mount -t lustre -o ro,noatime,flock ${aws_fsx_lustre_file_system.this.dns_name}@tcp:/${aws_fsx_lustre_file_system.this.mount_name} ${var.mount_path}
  END
}

output "file_system_id" {
  description = "The file system."
  value       = aws_fsx_lustre_file_system.this.id
}
