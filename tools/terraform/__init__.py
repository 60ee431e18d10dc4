"""Terraform checked without a cloud and without a registry: our modules against the providers' published schemas.

python -m tools.terraform test      fmt, validate, `terraform test` and our own rules, for each module and example
python -m tools.terraform prove     the same by OpenTofu too, by a real AWS provider, and the schemas made anew
python -m tools.terraform schema    write tools/terraform/schema/*.json from the published bindings
"""
