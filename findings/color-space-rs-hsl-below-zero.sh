#!/usr/bin/env bash
# Expected: hues are angles from 0 to 360, and a colour turned into HSL and back is itself (CSS Color 4, 7).
# Instead: color_space 0.5.4 (Rust) gives every red that has more blue than green a hue below 0, as -60 for magenta,
# which its own way back does not know: magenta becomes (255, -255, 0), a red. Its HSV is right.
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
color_space = "=0.5.4"
TOML
cat > src/main.rs <<'RUST'
use color_space::{FromRgb, Hsl, Hsv, Rgb, ToRgb};

fn rounded(colour: Rgb) -> [i32; 3] {
    [colour.r, colour.g, colour.b].map(|channel| channel.round() as i32)
}

fn main() {
    let mut same = true;
    for (name, rgb, hue, back) in [
        ("blue", [0, 0, 255], 240, [0, 0, 255]),
        ("orange", [255, 128, 0], 30, [255, 128, 0]),
        ("magenta", [255, 0, 255], -60, [255, -255, 0]),
        ("hot pink", [255, 105, 180], -30, [255, 30, 105]),
    ] {
        let colour = Rgb::new(rgb[0].into(), rgb[1].into(), rgb[2].into());
        let hsl = Hsl::from_rgb(&colour);
        let seen = rounded(hsl.to_rgb());
        println!("{name} {rgb:?}: color_space 0.5.4 has the hue {:.0} and comes back as {seen:?}", hsl.h);
        same = same && hsl.h.round() as i32 == hue && seen == back;
        same = same && rounded(Hsv::from_rgb(&colour).to_rgb()) == rgb;
    }
    std::process::exit(if same { 0 } else { 1 });
}
RUST
cargo run --quiet
