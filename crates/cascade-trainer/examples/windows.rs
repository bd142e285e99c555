//! The windows that a cascade's first stages let pass, for trainings elsewhere.
//!
//!     cargo run --release -p cascade-trainer --example windows -- CASCADE PICTURES STAGES SIDE MIN_SIZE SCALE_FACTOR ANGLES
//!
//! A line for each window, and one for each group of two windows and more: the picture's stem, the angle in degrees, the window's middle
//! and side in pixels of the picture, how many windows agree (0: a window itself). Pictures are searched at a longer side of SIDE.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use cascade_trainer::{
    labels::pictures_of,
    sampling::{as_image, decode_grey, equalised},
};
use lbp_cascade::{Cascade, Detection, Detector, SearchSizes, Turning, detections};
use pictures::Grey;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cascade, folder, stages, side, min_size, scale_factor, angles] = &arguments[..] else {
        panic!("CASCADE PICTURES STAGES SIDE MIN_SIZE SCALE_FACTOR ANGLES");
    };
    let cascade = Cascade::parse(&std::fs::read_to_string(cascade).unwrap()).unwrap();
    let mut detector = Detector::new(cascade.lenient(stages.parse().unwrap()));
    let sizes =
        SearchSizes { scale_factor: scale_factor.parse().unwrap(), min_size: min_size.parse().unwrap(), max_size: 0 };
    for picture in pictures_of(std::path::Path::new(folder)).unwrap() {
        let Some(grey) = decode_grey(&std::fs::read(&picture.path).unwrap()) else { continue };
        let small = equalised(&reduced(&grey, side.parse().unwrap()));
        let times = f64::from(grey.width()) / f64::from(small.width());
        for angle in angles.split(',').map(|angle| angle.parse::<f64>().unwrap()) {
            let turning = Turning::new((small.width() as usize, small.height() as usize), angle);
            let canvas = turning.canvas();
            let turned = Grey::new(canvas.0 as u32, canvas.1 as u32, turning.turned(as_image(&small))).unwrap();
            let windows = detector.windows_of_equalised(as_image(&turned), &sizes);
            let single = windows.iter().map(|w| Detection { rect: w.rect, neighbours: 0, score: w.weight });
            for Detection { rect, neighbours, .. } in single.chain(detections(&windows, 1, canvas)) {
                let middle = |start: i32, length: i32| f64::from(start) + f64::from(length) / 2.0;
                let (x, y) = turning.in_picture((middle(rect.x, rect.width), middle(rect.y, rect.height)));
                let stem = picture.path.file_stem().unwrap().to_string_lossy();
                let side = f64::from(rect.width) * times;
                println!("{stem} {angle} {:.2} {:.2} {side:.2} {neighbours}", x * times, y * times);
            }
        }
    }
}

fn reduced(grey: &Grey, side: u32) -> Grey {
    let longer = grey.width().max(grey.height());
    let shrunk = |length: u32| ((length * side + longer / 2) / longer).max(1);
    if longer <= side { grey.clone() } else { grey.scaled(shrunk(grey.width()), shrunk(grey.height())) }
}
