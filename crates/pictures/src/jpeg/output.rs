//! Pixels from planes, row after row.

use super::{
    Result,
    colour::{self, Colours},
    frame::Frame,
    planes::Planes,
    upsample::{Buffers, Upsampling, times},
};

/// The picture as far as it is done.
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Bytes a row.
    stride: usize,
    conversion: Conversion,
    upsamplings: Vec<(Upsampling, Buffers)>,
    /// The next row.
    row: usize,
    height: usize,
}

/// What is made of the components.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conversion {
    ToRgb(Colours),
    /// The first component is the brightness.
    First,
    RgbToGrey,
}

impl Output {
    pub(super) fn rgb(frame: &Frame, planes: &Planes, colours: Colours) -> Result<Self> {
        Self::new(frame, planes, Conversion::ToRgb(colours), 3)
    }

    pub(super) fn grey(frame: &Frame, planes: &Planes, colours: Colours) -> Result<Option<Self>> {
        let conversion = match colours {
            Colours::Grey | Colours::Ycc => Conversion::First,
            Colours::Rgb => Conversion::RgbToGrey,
            Colours::Cmyk | Colours::Ycck => return Ok(None),
        };
        Self::new(frame, planes, conversion, 1).map(Some)
    }

    fn new(frame: &Frame, planes: &Planes, conversion: Conversion, channels: usize) -> Result<Self> {
        let components = if conversion == Conversion::First { 1 } else { frame.components.len() };
        let mut upsamplings = Vec::new();
        for (component, plane) in frame.components.iter().zip(&planes.planes).take(components) {
            let ((across, down), (h, v)) = (frame.max_sampling, component.sampling);
            let grown = (times(across * planes.size, h * plane.size)?, times(down * planes.size, v * plane.size)?);
            let upsampling = Upsampling::new(grown, plane, planes.size);
            upsamplings.push((upsampling, Buffers::new(upsampling, plane)));
        }
        let (width, height) = planes.sides();
        let (stride, height) = (width as usize * channels, height as usize);
        Ok(Self { bytes: vec![0; stride * height], stride, conversion, upsamplings, row: 0, height })
    }

    /// How many of the components are needed.
    pub(super) fn components(&self) -> usize {
        self.upsamplings.len()
    }

    /// Takes in that planes hold another row of units: those of the row before can be enlarged now.
    pub(super) fn put(&mut self, planes: &mut Planes, unit_row: usize) {
        if unit_row > 0 {
            self.put_unit_row(planes);
        }
        planes.shift(unit_row == 0);
    }

    /// The last row of units.
    pub(super) fn finish(&mut self, planes: &mut Planes) {
        planes.end();
        self.put_unit_row(planes);
    }

    fn put_unit_row(&mut self, planes: &Planes) {
        let rows = planes.unit_height.min(self.height - self.row);
        for row in 0..rows {
            let start = (self.row + row) * self.stride;
            let pixels = &mut self.bytes[start..start + self.stride];
            let mut planes = planes.planes.iter();
            let mut components = self.upsamplings.iter_mut().map(|(upsampling, buffers)| {
                planes.next().map_or(&[][..], |plane| upsampling.row(plane, row, buffers))
            });
            let mut next = || components.next().unwrap_or(&[]);
            match self.conversion {
                Conversion::First => pixels.copy_from_slice(&next()[..pixels.len()]),
                Conversion::RgbToGrey => colour::grey_row([next(), next(), next()], pixels),
                Conversion::ToRgb(Colours::Grey) => {
                    pixels.as_chunks_mut().0.iter_mut().zip(next()).for_each(|(pixel, grey)| *pixel = [*grey; 3]);
                }
                Conversion::ToRgb(Colours::Rgb) => {
                    let channels = next().iter().zip(next()).zip(next());
                    for (pixel, ((red, green), blue)) in pixels.as_chunks_mut().0.iter_mut().zip(channels) {
                        *pixel = [*red, *green, *blue];
                    }
                }
                Conversion::ToRgb(Colours::Ycc) => colour::ycc_row(next(), next(), next(), pixels),
                Conversion::ToRgb(inks) => {
                    colour::ink_row([next(), next(), next(), next()], inks == Colours::Ycck, pixels);
                }
            }
        }
        self.row += rows;
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
