//! Pixels at other sizes by Lanczos' filter: three lobes, widened when scaling down, as PIL has it.
//!
//! Not generic to the outside: every crate that named a type of pixels would compile its filters anew, for half a minute.

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8, U8x3},
};

/// Left, top, width and height of the part that is scaled, in pixels.
pub type Part = [f64; 4];

/// Scales grey pixels, row by row; equal sizes are copied.
///
/// # Panics
/// When there is another number of pixels than `sides` say, or the part does not lie within them.
pub fn lanczos_grey(pixels: &[u8], sides: (u32, u32), part: Part, new_sides: (u32, u32)) -> Vec<u8> {
    scaled::<U8>(pixels, sides, part, new_sides)
}

/// Scales RGB pixels, interleaved, row by row; equal sizes are copied.
///
/// # Panics
/// When there is another number of pixels than `sides` say, or the part does not lie within them.
pub fn lanczos_rgb(pixels: &[u8], sides: (u32, u32), part: Part, new_sides: (u32, u32)) -> Vec<u8> {
    scaled::<U8x3>(pixels, sides, part, new_sides)
}

/// All of an image of these sides.
pub fn whole((width, height): (u32, u32)) -> Part {
    [0.0, 0.0, f64::from(width), f64::from(height)]
}

fn scaled<P: PixelTrait>(
    pixels: &[u8],
    (width, height): (u32, u32),
    [left, top, part_width, part_height]: Part,
    (new_width, new_height): (u32, u32),
) -> Vec<u8> {
    let source = TypedImageRef::<P>::from_buffer(width, height, pixels).expect("there are as many pixels as sides say");
    let mut scaled = vec![0; new_width as usize * new_height as usize * P::size()];
    let mut target = TypedImage::from_buffer(new_width, new_height, &mut scaled).expect("the buffer has that size");
    let filter = ResizeAlg::Convolution(FilterType::Lanczos3);
    let options = ResizeOptions::new().resize_alg(filter).crop(left, top, part_width, part_height);
    Resizer::new().resize_typed(&source, &mut target, &options).expect("the part lies within the image");
    scaled
}
