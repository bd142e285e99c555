//! The frame: the picture's sides, its components, and how their blocks lie.

use super::{
    Block, Result,
    segments::{ScanHeader, Segments},
};
use crate::error::PictureError;

/// The longest side that libjpeg takes.
const MAX_SIDE: u16 = 65_500;

/// The most blocks of a unit, in which components' blocks are interleaved (T.81, B.2.3).
const MAX_UNIT_BLOCKS: usize = 10;

/// How many of a block's first coefficients are watched for missing scans.
pub(super) const WATCHED: usize = 10;

pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) is_progressive: bool,
    pub(super) components: Vec<Component>,
    /// The greatest sampling factors across and down.
    pub(super) max_sampling: (usize, usize),
    /// Units across and down.
    pub(super) units: usize,
    pub(super) unit_rows: usize,
}

/// A component as its file has it. Blocks beyond those that hold pixels fill units up.
pub(super) struct Component {
    /// Sampling factors across and down: its blocks in a unit.
    pub(super) sampling: (usize, usize),
    /// Blocks that hold pixels.
    pub(super) blocks: usize,
    pub(super) block_rows: usize,
    /// Its quantization as its first scan found it; zeros until then.
    pub(super) quantization: Block,
    table: usize,
    is_kept: bool,
    /// The lowest bit that was read so far of each of the first coefficients; `None` before any was.
    pub(super) precision: [Option<u8>; WATCHED],
}

impl Component {
    pub(super) fn new([_id, sampling, table]: &[u8; 3]) -> Option<Self> {
        let sampling = (usize::from(sampling >> 4), usize::from(sampling & 15));
        let is_sound = (1..=4).contains(&sampling.0) && (1..=4).contains(&sampling.1);
        is_sound.then_some(Self {
            sampling,
            blocks: 0,
            block_rows: 0,
            quantization: [0; 64],
            table: usize::from(*table),
            is_kept: false,
            precision: [None; WATCHED],
        })
    }
}

impl Frame {
    pub(super) fn new((width, height): (u16, u16), components: Vec<Component>, is_progressive: bool) -> Option<Self> {
        if width == 0 || height == 0 || width.max(height) > MAX_SIDE {
            return None;
        }
        let across = components.iter().map(|component| component.sampling.0).max()?;
        let down = components.iter().map(|component| component.sampling.1).max()?;
        let (width, height) = (usize::from(width), usize::from(height));
        let (units, unit_rows) = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        let mut frame =
            Self { width, height, is_progressive, components, max_sampling: (across, down), units, unit_rows };
        for component in &mut frame.components {
            component.blocks = (width * component.sampling.0).div_ceil(8 * across);
            component.block_rows = (height * component.sampling.1).div_ceil(8 * down);
        }
        Some(frame)
    }

    /// Room for the coefficients of so many rows of units.
    pub(super) fn coefficients(&self, unit_rows: usize) -> Vec<Vec<Block>> {
        let blocks = |component: &Component| component.sampling.0 * self.units * component.sampling.1 * unit_rows;
        self.components.iter().map(|component| vec![[0; 64]; blocks(component)]).collect()
    }

    /// Keeps the tables of components whose first scan begins: later ones by the same number are for others.
    pub(super) fn keep_quantization(&mut self, scan: &ScanHeader, segments: &Segments<'_>) -> Result<()> {
        for in_scan in &scan.components {
            let component = &mut self.components[in_scan.index];
            if !component.is_kept {
                let table = segments.quantization.get(component.table).copied().flatten();
                component.quantization = table.ok_or(PictureError::Damaged)?;
                component.is_kept = true;
            }
        }
        Ok(())
    }

    /// Notes which bits of which coefficients a scan brings.
    pub(super) fn note_precision(&mut self, scan: &ScanHeader) {
        let (first, last) = scan.band;
        for in_scan in &scan.components {
            let watched = &mut self.components[in_scan.index].precision;
            (first..=last.min(WATCHED - 1)).for_each(|at| watched[at] = Some(scan.bits.1));
        }
    }

    /// How many blocks a unit of these components has, where they are no more than may be.
    pub(super) fn is_unit(&self, scan: &ScanHeader) -> bool {
        let blocks = scan.components.iter().map(|in_scan| self.components[in_scan.index].sampling);
        scan.components.len() == 1 || blocks.map(|(across, down)| across * down).sum::<usize>() <= MAX_UNIT_BLOCKS
    }
}
