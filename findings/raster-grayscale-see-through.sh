#!/usr/bin/env bash
# Expected: a greyscale of an opaque picture is opaque.
# Instead: raster 0.2.0 (Rust) writes the grey into the opacity too: black becomes fully transparent, middle grey half
# so. Its gamma and brightness change the opacity as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
raster = "=0.2.0"
TOML
cat > src/main.rs <<'RUST'
use raster::{editor, filter, Color, Image};

fn main() {
    let mut same = true;
    for (rgb, right) in [([0, 0, 0], 0), ([200, 90, 40], 117), ([255, 255, 255], 255)] {
        let mut picture = Image::blank(1, 1);
        editor::fill(&mut picture, Color::rgb(rgb[0], rgb[1], rgb[2])).unwrap();
        let opaque = picture.get_pixel(0, 0).unwrap().a;
        filter::grayscale(&mut picture).unwrap();
        let seen = picture.get_pixel(0, 0).unwrap();
        println!("{rgb:?}, alpha {opaque}: raster 0.2.0 makes it {}, alpha {}", seen.r, seen.a);
        same = same && opaque == 255 && (seen.r as i32 - right).abs() < 2 && seen.a == seen.r;
    }
    std::process::exit(if same { 0 } else { 1 });
}
RUST
cargo run --quiet
